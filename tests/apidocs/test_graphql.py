"""GraphQL schemas from SDL and introspection: lists, parents, paging, and a question that the schema itself accepts."""

import json
from typing import Any

import graphql
import pytest

from request_tracker.apidocs.load import Loaded, load
from request_tracker.apidocs.measure import analyse
from request_tracker.rules.vendor_api import Analysis, ChangeKind, ColumnKind, PagingStyle

SDL = """
type Query {
  "All projects" projects(first: Int, after: String, updatedSince: DateTime): ProjectConnection!
  tasks(projectId: ID!, limit: Int = 50, offset: Int): [Task!]!
  comments(taskId: ID!, page: Int): CommentPage
  invoices(region: Region!): [Invoice] @deprecated
  search(filter: SearchInput!): [Task]
  me: User
}
scalar DateTime
enum Region { EU US }
input SearchInput { q: String }
type ProjectConnection { edges: [ProjectEdge] pageInfo: PageInfo! }
type ProjectEdge { cursor: String node: Project }
type PageInfo { endCursor: String hasNextPage: Boolean! }
type Project { name: String id: ID! updatedAt: DateTime owner: User budget(currency: String!): Float tags: [String!] }
type Task { id: ID! title: String done: Boolean }
type CommentPage { items: [Comment!]! hasMore: Boolean }
type Comment { body: String createdAt: DateTime }
type Invoice { id: ID! total: Float }
type User { id: ID! }
type Mutation { x: Int }
"""


def told(text: str) -> Analysis:
    return analyse(load(text.encode()))


def test_lists_and_connections_of_query_become_tables():
    found = told(SDL)
    tables = {table.name: table for table in found.tables}
    assert list(tables) == ["projects", "tasks", "comments", "invoices"]
    assert (found.figures.collection_endpoints, found.figures.operations, found.figures.get_operations) == (5, 7, 6)
    assert [(tables[name].data_path, tables[name].depth) for name in tables] == [
        ("data.projects.edges", 0), ("data.tasks", 1), ("data.comments.items", 2), ("data.invoices", 0)
    ]  # fmt: skip
    projects = tables["projects"]
    assert [(column.name, column.source, column.kind) for column in projects.columns] == [
        ("id", "node.id", ColumnKind.STRING), ("name", "node.name", ColumnKind.STRING),
        ("updated_at", "node.updatedAt", ColumnKind.UTC_DATETIME), ("tags", "node.tags", ColumnKind.JSON),
    ]  # fmt: skip
    assert (projects.key, tables["tasks"].key, tables["comments"].key) == (("id",), ("project_id", "id"), ())
    parent = tables["tasks"].parents[0]
    assert (parent.table, parent.param, parent.source) == ("projects", "projectId", "node.id")
    assert [each.param for each in tables["invoices"].configured] == ["region"]
    assert tables["invoices"].is_deprecated


def test_paging_and_changes_follow_the_arguments():
    projects, tasks, comments, _ = told(SDL).tables
    page = projects.paging
    assert (page.style, page.param, page.size_param) == (PagingStyle.CURSOR, "after", "first")
    assert (page.token_path, page.more_path) == (
        "data.projects.pageInfo.endCursor",
        "data.projects.pageInfo.hasNextPage",
    )
    assert (projects.change.kind, projects.change.filter) == (ChangeKind.BOTH, "updatedSince")
    assert projects.change.field == "node.updatedAt"
    assert (tasks.paging.style, tasks.paging.param, tasks.paging.first) == (PagingStyle.OFFSET, "offset", 0)
    assert (comments.paging.style, comments.paging.more_path) == (PagingStyle.PAGE, "data.comments.hasMore")


def test_the_schema_itself_accepts_every_question():
    schema = graphql.build_schema(SDL)
    tables = told(SDL).tables
    assert tables
    for table in tables:
        assert graphql.validate(schema, graphql.parse(table.body)) == []


def test_introspection_says_the_same_as_the_sdl():
    answer = {"data": graphql.introspection_from_schema(graphql.build_schema(SDL))}
    found = told(json.dumps(answer))
    assert (found.kind, found.tables) == ("graphql-introspection", told(SDL).tables)
    assert found.examples == told(SDL).examples


def test_examples_have_the_shape_of_the_answer_and_their_keys():
    found = told(SDL)
    assert set(found.made_up) == set(found.examples) == {table.name for table in found.tables}
    assert [row["node"]["id"] for row in found.examples["projects"]] == ["id 1", "id 2", "id 3"]


def test_parents_never_go_round_in_a_circle():
    found = told("type Query { users(teamId: ID!): [A] teams(userId: ID!): [A] rows(rowId: ID!): [A] } type A {id: ID}")
    assert [(table.name, table.depth, len(table.configured)) for table in found.tables] == [
        ("users", 1, 0),
        ("teams", 0, 1),
        ("rows", 0, 1),
    ]


WRONG: list[tuple[str, Any, str]] = [
    ("graphql-sdl", "type Query {", "stops making sense in line 1"),
    ("graphql-sdl", "type Query { a: " + "[" * 50_000 + "Int" + "]" * 50_000 + " }", "stops making sense in line 1"),
    ("graphql-sdl", "query { a }", "no GraphQL schema"),
    ("graphql-introspection", {"__schema": {"types": "x"}}, "no GraphQL schema"),
    ("graphql-introspection", {"__schema": {"queryType": [], "types": [3, {"kind": [], "name": {}}]}}, "no GraphQL"),
    ("graphql-introspection", [], "no GraphQL schema"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "tree", "sentence"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_schema_ends_in_a_sentence(kind, tree, sentence):
    found = analyse(Loaded(kind, tree))
    assert sentence in found.warnings[0].sentence
    assert (found.tables, found.figures.collection_endpoints) == ((), None)


def test_names_that_are_none_of_graphqls_never_reach_a_question():
    evil = "a } } mutation { drop"
    text = {"kind": "SCALAR", "name": "String"}
    record = [{"name": "id", "type": text, "args": []}, {"name": evil, "type": text, "args": []}]
    argument = {"name": "x", "type": {"kind": "NON_NULL", "ofType": {"kind": "SCALAR", "name": evil}}}
    lists = [{"name": name, "type": {"kind": "LIST", "ofType": {"kind": "OBJECT", "name": "User"}}, "args": args}
             for name, args in ((evil, []), ("users", []), ("others", [argument]))]  # fmt: skip
    types = [text, {"kind": "SCALAR", "name": evil}, {"kind": "OBJECT", "name": "User", "fields": record},
             {"kind": "OBJECT", "name": "Query", "fields": lists}]  # fmt: skip
    found = analyse(Loaded("graphql-introspection", {"__schema": {"queryType": {"name": "Query"}, "types": types}}))
    assert [table.body for table in found.tables] == ["query Rows { users { id } }"]


def test_a_page_for_people_says_where_to_look_and_counts_nothing():
    page = b"<html><title>Our API</title><script>var hidden</script><h1>Invoices, invoices</h1>%s</html>"
    found = told((page % b'<a href="https://x.io/openapi.json">API</a>').decode())
    assert (found.kind, found.title, found.links) == ("html", "Our API", ("https://x.io/openapi.json",))
    assert (found.words, found.figures.collection_endpoints) == (("invoices",), None)
    assert "points at one document" in found.warnings[0].sentence
    assert "Ask the vendor" in told((page % b"").decode()).warnings[0].sentence
