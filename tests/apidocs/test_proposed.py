"""Tables proposed for lists: names, parents, keys, what has to be given, and paths that lead to the same records."""

from typing import Any

from apidocs.documents import ID, analysed, array, body, get, query

from request_tracker.rules.vendor_api import Configured, Parent, Table


def tables(paths: dict[str, Any], **more: Any) -> dict[str, Table]:
    return {table.path: table for table in analysed(paths, **more).tables}


def names(*paths: str) -> list[str]:
    """Every path has records of its own, so that none stands for another."""
    made = {path: get(array(body(id=str, **{f"f{number}": str, "b": str}))) for number, path in enumerate(paths)}
    return [table.name for table in tables(made).values()]


def test_names_follow_the_path() -> None:
    assert names("/v1/Invoices", "/projects", "/projects/{id}/Tasks") == ["invoices", "projects", "project_tasks"]
    assert names("/me/top/artists", "/me/artists", "/artists") == ["top_artists", "me_artists", "artists"]
    assert names("/hooks/types", "/users/list.json", "/{base}/{Table}") == ["hook_types", "user_list", "table_list"]
    assert names("/chat.list", "/people.list") == ["chat", "people"]
    assert names("/teams/{team_id}/projects", "/a/{x}/b/{y}/projects") == ["projects", "b_projects"]
    assert names("/x-1/1st", "/x/__import__('os')", "/select/;drop table/") == ["c_1st", "import_os", "drop_table"]


def test_the_scope_does_not_show_in_names() -> None:
    assert names("/orgs", *(f"/orgs/{{org}}/{name}" for name in "abcd"))[1:] == ["a", "b", "c", "d"]


def test_names_are_unique_and_short() -> None:
    found = names("/a/items", "/b/items", "/a_items", "/items", "/Items/", "/" + "long" * 100)
    assert len(set(found)) == 6
    assert max(map(len, found)) <= 62


def test_parents_say_which_field_goes_where() -> None:
    found = tables({
        "/projects": get(array()),
        "/projects/{projectId}/tasks": get(array(body(id=str, project_id=str, text=str))),
        "/tasks/{id}/notes": get(array(body(id=str, note=str, by=str))),
        "/hooks": get(array(body(id=str, url=str, on=str)), query("project_id", required=True)),
    })  # fmt: skip
    tasks, notes = found["/projects/{projectId}/tasks"], found["/tasks/{id}/notes"]
    assert tasks.parents == (Parent("projects", "projectId", "id", "project_id"),)
    assert (tasks.depth, tasks.key) == (1, ("project_id", "id"))
    assert [column.name for column in tasks.columns] == ["id", "text"]
    assert notes.parents == (Parent("project_tasks", "id", "id", "task_id"),)
    assert (notes.depth, notes.key) == (2, ("task_id", "id"))
    assert found["/hooks"].parents == (Parent("projects", "project_id", "id", "project_id", "query"),)


def test_a_parameter_takes_the_field_it_names() -> None:
    repo = body(id=str, name=str, slug=str, owner=body(login=str, id=str))
    found = tables({
        "/repos": get(array(repo)), "/repos/{owner}/{repo}/issues": get(array(body(id=str, a=str, b=str))),
        "/{repo_slug}/tags": get(array(body(id=str, c=str, d=str))),
        "/genres": get(array(ID)), "/genres/{genre}/songs": get(array(body(id=str, e=str, f=str))),
        "/things": get(), "/things/{id}/parts": get(array(body(id=str, g=str, h=str))),
        "/me/albums": get(array(body(added=str, album=body(id=str)))), "/albums/{id}/tracks": get(array(body(x=str))),
    })  # fmt: skip
    assert [(each.param, each.source) for each in found["/repos/{owner}/{repo}/issues"].parents] == [
        ("owner", "owner.login"), ("repo", "name"),
    ]  # fmt: skip
    sources = {path: table.parents[0].source for path, table in found.items() if table.parents}
    assert sources["/{repo_slug}/tags"] == "slug"
    assert sources["/genres/{genre}/songs"] == "$"
    assert sources["/things/{id}/parts"] == "id"
    assert "No field of the parent fits id" in found["/things/{id}/parts"].warnings[0]
    assert sources["/albums/{id}/tracks"] == "album.id"
    assert found["/me/albums"].key == ("album_id",)


def test_a_parameter_takes_what_it_names_of_the_parent() -> None:
    found = tables({
        "/orgs": get(array(body(id=str, login=str, url=str))), "/orgs/{org}/teams": get(array(body(a=str))),
        "/issues": get(array(body(id=str, number=int, t=str))), "/issues/{issue_number}/notes": get(array(body(c=str))),
        "/customers": get(array(body(id=str, name=str, e=str))), "/customers/{customer}/cards": get(array(body(d=str))),
    })  # fmt: skip
    assert [table.parents[0].source for table in found.values() if table.parents] == ["login", "number", "id"]


def test_the_least_nested_path_is_the_table() -> None:
    found = tables({
        "/accounts/{id}/invoices": get(array()), "/accounts": get(array(body(id=str, n=str, m=str))),
        "/v2/invoices": get(array(), deprecated=True), "/invoices": get(array()),
        "/invoices/{id}/lines": get(array(body(id=str, k=str, l=str))),
    })  # fmt: skip
    assert set(found) == {"/accounts", "/invoices", "/invoices/{id}/lines"}
    assert found["/invoices"].alternatives == ("/accounts/{id}/invoices", "/v2/invoices")
    assert found["/invoices/{id}/lines"].parents[0].table == "invoices"
    walked = tables({
        "/search/orders": get(body(items=list), query("q", required=True)), "/shops": get(array(body(id=str, n=str))),
        "/shops/{id}/orders": get(array()),
    })  # fmt: skip
    assert walked["/shops/{id}/orders"].alternatives == ("/search/orders",)


def test_what_a_person_has_to_give() -> None:
    header = {"in": "header", "required": True}
    parameters = [
        query("q", required=True, example="red"), query("status", required=True, enum=["on", "off"]),
        query("view", required=True, default="full"), query("page", required=True), query("token", required=True),
        {**header, "name": "Api-Version", "schema": {"default": "2024-01-01"}}, {**header, "name": "X-Tenant"},
        {**header, "name": "X\r\nEvil: 1", "schema": {"default": "x"}}, {**header, "name": "Accept"},
    ]  # fmt: skip
    (table,) = tables({"/sites/{site}/pages": get(array(), *parameters)}).values()
    assert table.configured == (Configured("site"), Configured("q", "query", "red"), Configured("X-Tenant", "header"))
    assert table.constants == {"status": ("on", "off"), "view": ("full",)}
    assert table.headers == {"Api-Version": "2024-01-01"}


def test_the_scope_is_marked_where_it_is_given() -> None:
    found = tables({f"/orgs/{{org}}/{name}": get(array(body(id=str, n=str, **{name: str}))) for name in "abcd"})
    assert [table.configured for table in found.values()] == [(Configured("org", is_scope=True),)] * 4


def test_warnings_say_what_is_thin() -> None:
    found = tables({
        "/olds": get(array(), deprecated=True), "/olds/{id}/notes": get(array(body(a=str, b=str, c=str))),
        "/x/{p}/y/{q}/z": get(array(body(id=str, d=str))), "/silent/things": get(),
    })  # fmt: skip
    assert found["/olds"].is_deprecated
    told = {path: " ".join(table.warnings) for path, table in found.items()}
    assert "marks this list as deprecated" in told["/olds"]
    assert "No key was found" in told["/olds/{id}/notes"]
    assert "reached through a list that is marked as deprecated" in told["/olds/{id}/notes"]
    assert "given by hand" in told["/x/{p}/y/{q}/z"]
    assert "does not show its records" in told["/silent/things"]
    assert not found["/silent/things"].is_typed


def test_columns_that_repeat_the_parents_key_are_left_to_it_unless_they_are_the_own_key() -> None:
    found = tables({
        "/nodes": get(array(body(node_id=str, a=str))),
        "/nodes/{node_id}/nodes": get(array(body(node_id=str, b=str, c=str))),
    })  # fmt: skip
    below = found["/nodes/{node_id}/nodes"]
    assert below.parents[0].column == "parent_node_id"
    assert below.key == ("parent_node_id", "node_id")
