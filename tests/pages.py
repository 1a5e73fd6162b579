"""The main pages of every role, in the demo program: who opens them, and where they lie."""

PAGES = tuple(
    (role, path)
    for role, paths in {
        "requester": (
            "/requests", "/requests/new", "/requests/new?join=LITE-000022", "/board", "/how-it-works",
            "/requests/REQ-000009", "/settings/letters", "/settings", "/search?q=data",
        ),
        "requester Copperleaf Media": ("/requests/REQ-000007",),
        "specialist": (
            "/search?q=invoi", "/queue", "/queue/views", "/queue/bulk?kind=decline&case=LITE-000036:1",
            "/cases/LITE-000023",
            "/cases/LITE-000014", "/cases/LITE-000014/clocks", "/cases/LITE-000007",
            "/cases/LITE-000007/tables", "/cases/LITE-000007/completeness", "/admin/fivetran",
            "/cases/LITE-000031/assessment", "/cases/LITE-000027/assessment", "/cases/LITE-000021/proposal",
            "/cases/LITE-000027/proposal",
            "/admin/templates", "/admin/templates/1", "/settings/away", "/cases/LITE-000031?do=decline",
        ),
        "engineer": (
            "/builds", "/phases", "/cases/LITE-000021/project", "/cases/LITE-000021/trials",
            "/cases/LITE-000027/project",
        ),
        "auditor": (
            "/cases/LITE-000021/assessment", "/cases/LITE-000031/proposal", "/admin", "/admin/audit",
            "/admin/audit/chains", "/admin/retention",
        ),
        "lead": (
            "/overview", "/hard-cases",
            "/reports", "/cases/LITE-000001", "/reports/forecast", "/reports/subscriptions", "/admin/calendar",
            "/admin/calendar/new", "/admin/calendar/days", "/admin/targets", "/admin/clocks", "/admin/clocks/change",
            "/admin/provisioning", "/admin/roles", "/admin/policies/board",
        ),
        "admin": (
            "/mailbox", "/admin/people", "/admin/jobs", "/admin/groups", "/admin/letters", "/admin/notices",
            "/admin/webhooks", "/admin/hooks", "/admin/hooks/new", "/admin", "/admin/people/1", "/admin/people/1/data",
            "/admin/accounts", "/admin/accounts/1", "/admin/retention", "/admin/audit",
        ),
    }.items()
    for path in paths
)  # fmt: skip
"""Role (and account, where it matters), address."""
