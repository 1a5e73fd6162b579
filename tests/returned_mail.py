"""Notifications as mail servers write them, made after their formats; all names and addresses are made up."""

MESSAGE_ID = "<5b1f@program.example>"
LETTER = f"""From: By Request <by-request@program.example>
To: ada@northwind.example
Subject: We have your request REQ-000001: Acme Billing
Message-ID: {MESSAGE_ID}
Return-Path: <@TAG@>
"""


def _report(
    boundary: str, head: str, status: str, *, words: str = "It was not delivered.", letter: str = LETTER
) -> str:
    return f"""{head.strip()}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="{boundary}"

This is a MIME-encapsulated message.

--{boundary}
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

{words}

--{boundary}
Content-Description: Delivery report
Content-Type: message/delivery-status

{status.strip()}

--{boundary}
Content-Description: Undelivered Message
Content-Type: text/rfc822-headers

{letter.strip()}

--{boundary}--
"""


POSTFIX = _report(
    "9B095B5ADSN=_01D5",
    """Return-Path: <>
X-Original-To: @TAG@
Delivered-To: bounces@program.example
Date: Mon,  2 Nov 2026 09:00:03 +0000 (UTC)
From: MAILER-DAEMON@mx.program.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: @TAG@
Auto-Submitted: auto-replied
Message-Id: <20261102090003.9B095B5A@mx.program.example>""",
    """Reporting-MTA: dns; mx.program.example
X-Postfix-Queue-ID: 4F1C2B5A
X-Postfix-Sender: rfc822; @TAG@
Arrival-Date: Mon,  2 Nov 2026 09:00:01 +0000 (UTC)

Final-Recipient: rfc822; ada@northwind.example
Original-Recipient: rfc822;ada@northwind.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.northwind.example
Diagnostic-Code: smtp; 550 5.1.1 <ada@northwind.example>: Recipient address
    rejected: User unknown in local recipient table""",
)
EXIM = _report(
    "1604307603-eximdsn-1804289383",
    """Envelope-to: @TAG@
X-Failed-Recipients: ada@northwind.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mail.program.example>
To: @TAG@
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1kZVqF-0003Xz-2x@mail.program.example>""",
    """Reporting-MTA: dns; mail.program.example

Action: failed
Final-Recipient: rfc822;ada@northwind.example
Status: 5.0.0
Remote-MTA: dns; mx.northwind.example
Diagnostic-Code: smtp; 550 5.1.1 No such user here""",
)
EXCHANGE = _report(
    "--boundary_140_3f8e",
    """From: <postmaster@northwind.example>
To: <@TAG@>
Date: Mon, 2 Nov 2026 09:00:05 +0000
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <a41f@AM0PR01MB.northwind.example>
In-Reply-To: <5b1f@program.example>
References: <5b1f@program.example>
Subject: Undeliverable: We have your request REQ-000001: Acme Billing
Auto-Submitted: auto-replied""",
    """Reporting-MTA: dns;AM0PR01MB.northwind.example
Received-From-MTA: dns;mail.program.example
Arrival-Date: Mon, 2 Nov 2026 09:00:04 +0000

Final-Recipient: rfc822;ada@northwind.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;
 Recipient ada@northwind.example not found by SMTP address lookup""",
)
GMAIL = _report(
    "000000000000a1b2c305b3",
    """Return-Path: <>
Delivered-To: @TAG@
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: @TAG@
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: <5b1f@program.example>
X-Failed-Recipients: ada@northwind.example
Message-ID: <5f9f.1c69@mx.google.example>""",
    """Reporting-MTA: dns; googlemail.example
Received-From-MTA: dns; by-request@program.example
Arrival-Date: Mon, 02 Nov 2026 01:00:01 -0800 (PST)
X-Original-Message-ID: <5b1f@program.example>

Final-Recipient: rfc822; ada@northwind.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; aspmx.northwind.example. (192.0.2.7, the server for the domain.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos. 550 5.1.1 NoSuchUser
Last-Attempt-Date: Mon, 02 Nov 2026 01:00:02 -0800 (PST)""",
)
SENDMAIL_FULL = _report(
    "0A2900GS014.1604307603/mail.program.example",
    """From: Mail Delivery Subsystem <MAILER-DAEMON@mail.program.example>
To: <@TAG@>
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)
Message-Id: <202611020900.0A2900GS014@mail.program.example>""",
    """Reporting-MTA: dns; mail.program.example
Received-From-MTA: DNS; localhost
Arrival-Date: Mon, 2 Nov 2026 09:00:01 GMT

Final-Recipient: RFC822; ada@northwind.example
Action: failed
Status: 5.2.2
Diagnostic-Code: SMTP; 552 5.2.2 Mailbox full
Last-Attempt-Date: Mon, 2 Nov 2026 09:00:03 GMT""",
)
GAVE_UP = POSTFIX.replace("Status: 5.1.1", "Status: 4.4.1").replace(
    "smtp; 550 5.1.1 <ada@northwind.example>: Recipient address\n    rejected: User unknown in local recipient table",
    "X-Postfix; connect to\n    mx.northwind.example[192.0.2.7]:25: Connection timed out",
)
QMAIL = """Return-Path: <>
From: MAILER-DAEMON@mail.program.example
To: @TAG@
Subject: failure notice

Hi. This is the qmail-send program at mail.program.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@northwind.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 unknown user

--- Below this line is a copy of the message.

Message-ID: <5b1f@program.example>
"""
FORWARDED = POSTFIX.replace(
    "Final-Recipient: rfc822; ada@northwind", "Final-Recipient: rfc822; ada.x@mailbox.elsewhere"
)
WRAPPED = """From: MAILER-DAEMON@gateway.example
To: @TAG@
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
""" + POSTFIX[POSTFIX.index("Content-Type: multipart/report") :] + """
--outer
Content-Type: text/plain

This message was scanned.
--outer--
"""  # fmt: skip
WINDOWS = POSTFIX.replace("\n", "\r\n")

HARD = {
    "postfix": (POSTFIX, "5.1.1"),
    "exim": (EXIM, "5.1.1"),
    "exchange": (EXCHANGE, "5.1.10"),
    "gmail": (GMAIL, "5.1.1"),
    "qmail": (QMAIL, "5.1.1"),
    "forwarded": (FORWARDED, "5.1.1"),
    "wrapped by a gateway": (WRAPPED, "5.1.1"),
    "with carriage returns": (WINDOWS, "5.1.1"),
}
SOFT = {"mailbox full": (SENDMAIL_FULL, "5.2.2"), "gave up": (GAVE_UP, "4.4.1")}

VACATION = """From: Ada <ada@northwind.example>
To: @TAG@
Subject: Out of office: We have your request REQ-000001
Auto-Submitted: auto-replied
In-Reply-To: <5b1f@program.example>

I am away until Monday. For 550 5.1.1 questions ask Ben.
"""
DELAYED = POSTFIX.replace("Action: failed", "Action: delayed").replace("Status: 5.1.1", "Status: 4.4.1")
DELIVERED = POSTFIX.replace("Action: failed", "Action: delivered").replace("Status: 5.1.1", "Status: 2.0.0")
READ_RECEIPT = POSTFIX.replace("report-type=delivery-status", "report-type=disposition-notification").replace(
    "message/delivery-status", "message/disposition-notification"
)
REPLY = VACATION.replace("Auto-Submitted: auto-replied\n", "").replace("Out of office", "Re")
FORWARDED_BY_A_PERSON = (
    "From: Ada <ada@northwind.example>\nTo: @TAG@\nSubject: What is this?\nMIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=mine\n\n--mine\nContent-Type: text/plain\n\nI got this.\n--mine\n"
    f"Content-Type: message/rfc822\n\n{POSTFIX}\n--mine--\n"
)
NO_RETURNS = {
    "vacation": VACATION,
    "delayed": DELAYED,
    "delivered": DELIVERED,
    "read receipt": READ_RECEIPT,
    "a person's reply": REPLY,
    "forwarded by a person": FORWARDED_BY_A_PERSON,
    "nothing": "",
    "noise": "\x00\x01\x02" * 50,
}
