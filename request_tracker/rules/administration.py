"""The pages of administration, grouped: what each is for in one line, and which figures say that it needs a look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sign:
    """A figure by its name in the health of the program, and its words for one and for many. `bad`: it is a fault."""

    figure: str
    one: str
    many: str
    bad: bool = True


@dataclass(frozen=True)
class Page:
    endpoint: str
    label: str
    why: str
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    pages: tuple[Page, ...]


SECTIONS = (
    Section("people", "People and accounts", (
        Page("admin.people", "People", "Who may sign in, as what; add, change, send away"),
        Page("accounts_admin.index", "Accounts", "The customers, their people, requests and Fivetran groups"),
        Page("absences.index", "Days away", "Who is out of office, and who stands in"),
    )),
    Section("process", "Process and promises", (
        Page("targets.index", "Targets", "How many working days each promise takes"),
        Page("calendars.index", "Working calendar", "Zone, working hours and days off"),
        Page("days_off.index", "Days off", "Holidays to confirm or refuse",
             (Sign("days_waiting", "{n} day waits for a decision", "{n} days wait for a decision", bad=False),)),
        Page("clocks_admin.index", "Running promises", "Give promises that run another target or calendar"),
        Page("board.policy", "Public board", "Whether others see which services are asked for"),
    )),
    Section("matching", "Matching", (
        Page("knowledge.index", "Names and hosts", "Aliases, rebrands and shared hosts that matching knows"),
        Page("policies.merging", "Automatic merging", "Whether clear duplicates are merged without a person"),
        Page("duplicates.index", "Possible duplicates", "Pairs that wait for a person"),
    )),
    Section("fivetran", "Fivetran", (
        Page("fivetran_admin.index", "State", "Does it answer, which connections need a look, which limits are near",
             (Sign("outages", "{n} outage goes on", "{n} outages go on"),
              Sign("missing", "{n} connection is missing", "{n} connections are missing"),
              Sign("failed", "{n} connection failed", "{n} connections failed"),
              Sign("strays", "Nobody answers for {n} connection", "Nobody answers for {n} connections"))),
        Page("admin.groups", "Groups", "Which group serves which account",
             (Sign("group_todos", "{n} case waits for a group", "{n} cases wait for a group"),)),
        Page("roles.index", "Roles", "Which Fivetran roles may set up a connector"),
        Page("provisioning.index", "Provisioning", "Make many starter connectors at once"),
        Page("webhooks_admin.index", "Webhooks in", "What Fivetran posts to us",
             (Sign("webhook_faults", "Our webhook needs a look", "{n} of our webhooks need a look"),
              Sign("refused", "{n} delivery was refused in 7 days", "{n} deliveries were refused in 7 days"))),
    )),
    Section("letters", "Letters and hooks", (
        Page("letters_admin.index", "Letters", "What did not go out, and addresses that letters come back from",
             (Sign("dead_letters", "{n} letter did not go out", "{n} letters did not go out"),
              Sign("returned", "{n} letter came back", "{n} letters came back"))),
        Page("notices.index", "Notices", "What each letter says, with sample data"),
        Page("templates_admin.index", "Templates", "Words for questions, declines and comments"),
        Page("report_subscriptions.index", "Weekly report", "Who gets it"),
        Page("hooks.index", "Webhooks out", "Which programs are told of what happens",
             (Sign("stopped_hooks", "{n} endpoint stopped", "{n} endpoints stopped"),)),
        Page("mailbox.index", "Mailbox", "Every letter, where no mail server is set"),
    )),
    Section("running", "Running it", (
        Page("admin.jobs", "Jobs", "What is sent and called later",
             (Sign("dead_jobs", "{n} job was given up", "{n} jobs were given up"),
              Sign("due_jobs", "{n} job is due now", "{n} jobs are due now", bad=False))),
        Page("retention.index", "Retention", "What is kept how long, and proof of what was deleted"),
    )),
    Section("audit", "Audit", (
        Page("auditing.index", "Log", "Who changed what in the program itself"),
        Page("auditing.chains", "Chains", "Whether every case's history is whole",
             (Sign("broken_chains", "{n} chain is not whole", "{n} chains are not whole"),)),
    )),
)  # fmt: skip


def section_of(endpoint: str) -> Section | None:
    """The section a page belongs to; None for pages that are no administration."""
    return next((each for each in SECTIONS if any(page.endpoint == endpoint for page in each.pages)), None)
