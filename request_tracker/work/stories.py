"""The stories of the demo program: for each kind, what happens how many days after the request was sent."""

IN_REVIEW = ((1.2, "claim"),)
ASSESSED = (*IN_REVIEW, (4.1, "check_duplicates"), (6.2, "assess"))
ACCEPTED = (*ASSESSED, (8.1, "accept"), (9.3, "offer_slots"))
BOOKED = (*ACCEPTED, (10.2, "choose_slot"))
GRANTED = (*BOOKED, (11.3, "grant"))
CONSULTED = (*GRANTED, (19.1, "record_consultation"), (21.3, "confirm_minutes"))
BUILDING = (*CONSULTED, (26.2, "start_build"))
BUILT = (*BUILDING, (40.3, "built"), (45.2, "tested"), (47.1, "documented"))
PREVIEW = (*BUILT, (49.2, "open_preview"), (50.3, "finish_sync"))
VERIFIED = (*PREVIEW, (58.1, "review"), (63.2, "verify"), (65.1, "check_catalogue"))
STORIES: dict[str, tuple[tuple[float, str], ...]] = {
    "submitted": (),
    "in_review": IN_REVIEW,
    "waiting_requester": (*IN_REVIEW, (4.2, "ask")),
    "accepted": ACCEPTED,
    "booked": BOOKED,
    "consultation": (*GRANTED, (22.2, "demonstrate")),
    "development": (*BUILDING, (38.1, "built")),
    "overdue_build": BUILDING,
    "preview": PREVIEW,
    "released": (*VERIFIED, (70.2, "release")),
    "declined": (*IN_REVIEW, (6.1, "decline")),
    "declined_late": (*CONSULTED, (28.2, "decline_late")),
    "withdrawn": (*ACCEPTED, (17.3, "withdraw")),
    "invalid": ((0.9, "discard"),),
    "closed": (*ACCEPTED, (40.2, "close")),
    "appealed": (*IN_REVIEW, (7.1, "decline"), (33.2, "appeal")),
    "duplicate": ((1.1, "merge"),),
    "joins": (),
}
QUESTIONS = (
    "Which plan of the service do you use, and does it include API access?",
    "Can you create a test account with representative data that we may use?",
)
DECLINED = (
    (
        "documentation",
        "The vendor publishes no API documentation, and its support confirmed that there is no public API.",
        ["File connector: sync the vendor's scheduled export", "Connector SDK, if the vendor opens an API for you"],
    ),
    (
        "custom_data",
        "Every account defines its own schema, so one managed connector cannot describe the tables for everybody.",
        ["Connector SDK: a connector of your own for your schema"],
    ),
    (
        "use_case",
        "A connector for this service exists already and covers the tables you asked for.",
        ["Use the existing connector from the catalogue", "Ask for enhancements in the feedback portal"],
    ),
)
ASSESSED_AS = {
    "documentation": ("great", "Public, complete and versioned"),
    "size": ("great", "38 endpoints, close to the ideal of 40"),
    "nesting": ("great", "Two levels: lists, then their items"),
    "structure": ("great", "Flat JSON objects, pages of 100"),
    "custom_data": ("possible", "A few custom fields on two objects"),
    "authentication": ("great", "API key in a header"),
    "incremental": ("possible", "updated_since on most lists; the small ones are read whole"),
    "use_case": ("great", "The tables needed are all there"),
}
