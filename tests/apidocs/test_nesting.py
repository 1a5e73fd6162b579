"""How many lists must be walked before another one can be asked for."""

from itertools import pairwise, product
from typing import Any

from apidocs.documents import array, described, get, query

from request_tracker.apidocs.measuring.collected import collections
from request_tracker.apidocs.measuring.nesting import Nest, deepest, histogram, nests, scope


def solved(*paths: str | tuple[str, Any], fixed: str = "") -> dict[str, Nest]:
    made = {path if isinstance(path, str) else path[0]: path for path in paths}
    given = {path: get(array(), *(each[1:] if not isinstance(each, str) else ())) for path, each in made.items()}
    return nests(collections(described(given)), fixed=fixed)


def depths(*paths: Any) -> list[int]:
    return [nest.depth for nest in solved(*paths).values()]


def test_by_the_path_ahead() -> None:
    assert depths("/projects", "/projects/{p}/tasks", "/projects/{p}/tasks/{t}/comments") == [0, 1, 2]
    assert depths("/api/v1/projects.json", "/v2/project/{p}/tasks") == [0, 1]
    assert depths("/projects/list", "/projects/{x}/tasks") == [0, 1]


def test_by_the_parameters_name() -> None:
    found = solved("/teams/{team_id}/projects", "/projects/{project_id}/files", "/files/{fileKey}/notes")
    assert [nest.depth for nest in found.values()] == [0, 1, 2]
    assert found["/teams/{team_id}/projects"].config_params == ("team_id",)
    policies = solved("/retention_policies", "/retention_policies/{id}/assignments", "/x/{policy_assignment_id}/files")
    assert policies["/x/{policy_assignment_id}/files"].parents == ("/retention_policies/{id}/assignments",)
    assert depths("/users.list", ("/users.history", query("user", required=True))) == [0, 1]
    assert depths("/user/repos", "/x/{repoIdOrKey}/tags") == [0, 1]
    assert depths("/admin/users", "/logs/{userid}/events") == [0, 1]


def test_a_name_that_says_nothing_takes_the_segment_ahead() -> None:
    assert solved("/me/albums", "/albums/{id}/tracks")["/albums/{id}/tracks"].parents == ("/me/albums",)
    assert solved("/me/albums", "/albums/{other}/tracks")["/albums/{other}/tracks"].config_params == ("other",)


def test_the_provider_with_the_fewest_parents_then_the_shortest_path() -> None:
    found = solved("/artists", "/artists/{id}/albums", "/library/mine/albums", "/me/albums", "/x/{album_id}/tracks")
    assert found["/x/{album_id}/tracks"].parents == ("/me/albums",)


def test_parameters_directly_behind_one_another_have_one_provider() -> None:
    found = solved("/repos", "/repos/{owner}/{repo}/issues", "/repos/{owner}/{repo}/issues/{number}/notes")
    assert [nest.depth for nest in found.values()] == [0, 1, 2]
    assert found["/repos/{owner}/{repo}/issues"].supplied[0].need.names == ("owner", "repo")


def test_required_query_parameters_count_the_same_way() -> None:
    hooks = ("/hooks", query("site_id", required=True))
    assert depths("/sites", hooks) == [0, 1]
    channel = ("/history", query("channel", required=True), query("limit", required=True))
    assert depths("/channels", channel) == [0, 1]
    optional = ("/hooks", query("site_id"), query("api_key", required=True), query("sid", required=True, default="x"))
    assert depths("/sites", "/keys", optional) == [0, 0, 0]
    asked = solved(("/reports", query("from", required=True)))["/reports"].asked
    assert [(need.names, need.place) for need in asked] == [(("from",), "query")]


def test_closed_lists_are_constants_and_no_parents() -> None:
    flag = {"name": "state", "in": "path", "required": True, "schema": {"enum": ["open", "closed"]}}
    found = solved("/states", ("/states/{state}/things", flag))["/states/{state}/things"]
    assert (found.depth, found.config_params, found.constants) == (0, (), {"state": ("open", "closed")})


def test_never_itself_never_a_child_never_in_circles() -> None:
    assert depths("/folders/{folder_id}/folders") == [0]
    assert depths("/users/{user_id}/groups", "/groups/{group_id}/users") == [0, 1]
    assert depths("/x/{y_id}", "/x/{y_id}/ys") == [0, 0]


def test_the_scope_is_counted_with_and_without() -> None:
    paths = ("/workspaces", *(f"/workspaces/{{workspaceId}}/{name}" for name in ("tags", "users", "notes", "tasks")))
    paths += ("/workspaces/{workspaceId}/tasks/{id}/hours",)
    found = collections(described({path: get(array()) for path in paths}))
    assert scope(found) == "workspaceId"
    assert deepest(nests(found)) == 2
    without = nests(found, fixed="workspaceId")
    assert histogram(without) == {"0": 5, "1": 1}
    assert without["/workspaces/{workspaceId}/tags"].config_params == ("workspaceId",)
    assert scope(found[:4]) == ""
    sites = collections(described({path.replace("workspace", "site"): get(array()) for path in paths}))
    assert scope(sites) == ""


def test_lists_that_wait_for_one_another_in_a_long_circle() -> None:
    names = ["".join(pair) for pair in product("bcdfgh", repeat=2)]
    ahead = dict(pairwise([*names, names[0]]))
    found = solved(*(f"/x/{{{ahead[name]}_id}}/{name}s" for name in names))
    assert sorted(nest.depth for nest in found.values()) == sorted([*range(26), *range(10)])
