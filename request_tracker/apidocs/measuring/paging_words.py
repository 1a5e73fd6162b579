"""What parameters and fields of paging are called, as words of their names in lower case."""


def _names(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(name.split("_")) for name in text.split())


CURSORS = _names(
    "cursor after before starting_after ending_before start_after start_cursor next_cursor page_cursor cursor_id"
    " page_after page_before after_cursor before_cursor after_id before_id since_id max_id from_id from_cursor"
    " page_token next_page_token pagetoken next_token nexttoken pagination_token pagination_key paging_token"
    " continuation continuation_token continuationtoken continue marker bookmark scroll scroll_id scroll_param"
    " search_after last_evaluated_key exclusive_start_key start_key next_key page_key cursor_mark next skip_token"
    " skiptoken position_token next_page_id next_page_cursor page_info cursor_next last_id starting_token"
    " next_page_start list_token resume_token page_marker"
)
OPAQUE = _names("offset start skip page_offset start_at")
"""Numbers by their names: of type string they are cursors."""

PAGES = _names(
    "page page_number page_no page_num page_index pagenumber pagenum pageno pageindex p current_page page_page"
    " currentpage paging_page pagination_page"
)
OFFSETS = _names(
    "offset skip start start_at start_index startindex startat page_offset first_result row_offset from start_row"
    " start_record record_offset start_position startrow pagination_offset skip_count index_start"
    " from_index from_record start_item result_offset"
)
SIZES = _names(
    "limit per_page page_size pagesize perpage size count max_results maxresults top results_per_page rows take"
    " page_limit max_records maxrecords records_per_page items_per_page num_results max max_items page_count first"
    " result_count page_per_page max_page_size page_length entries_per_page number_of_results rows_per_page"
    " pagination_limit batch_size limit_count num length itemsperpage"
)
NEXT = _names(
    "next next_url next_uri next_link next_href next_page next_page_url next_page_uri next_page_link nextlink nexturl"
    " nextpage nextpageurl next_results next_results_url next_path next_page_path url_next link_next"
)
HREFS = _names("href url uri")
NEXT_TOKENS = _names(
    "next_cursor next_token next_page_token next_offset next_key next_marker next_page_cursor next_continuation_token"
    " next_page_id next_page_key next_start next_page_info next_id next_after nexttoken nextpagetoken nextcursor"
    " cursor_next next_position next_page_start next_starting_after next_scroll_id next_bookmark next_page_offset"
)
TOKENS = _names(
    "cursor end_cursor endcursor after marker continuation continuation_token continuationtoken bookmark scroll_id"
    " scroll_param page_token pagination_token search_after last_evaluated_key starting_after new_cursor resume_token"
)
MORE = _names(
    "has_more hasmore has_next has_next_page hasnextpage more has_more_items more_items more_items_in_collection"
    " is_truncated more_available more_results has_more_results has_more_pages more_records more_data"
)
TOTALS = _names(
    "total total_count totalcount total_results total_records total_items total_elements total_entries total_hits"
    " total_rows record_count records_total total_size totalsize total_number odata_count number_of_results"
    " item_count total_objects total_records_count items_total result_total total_num"
)
OFTEN_TIMES = _names("after before start from since start_at start_after")
"""Names that stand for times in some documents."""

SPANS = (("start", "end"), ("from", "to"), ("start", "stop"), ("from", "until"))
TIME_FORMATS = frozenset({"date", "date-time", "datetime", "full-date", "unix-time", "timestamp", "time"})
ADDRESS_FORMATS = frozenset({"uri", "url", "uri-reference", "iri", "uri-template", "link"})
