"""Why a document cannot be read: the one error of this room, and the sentences for what people send by mistake."""

ASK = "Send an OpenAPI document (JSON or YAML), a Postman collection or a GraphQL schema instead."


class Unreadable(ValueError):
    """The document cannot be read. The only argument is a sentence for the person who sent it, saying what to do."""

    @property
    def sentence(self) -> str:
        return str(self.args[0])


COMPRESSED = "This is a compressed file: unpack it and send the document inside."
BINARY = f"This file holds no text. {ASK}"
EMPTY = f"There is nothing in this document. {ASK}"
PROSE = f"This is plain text, which says nothing that can be measured. {ASK}"
NOT_UNDERSTOOD = f"This is neither an OpenAPI document, a Postman collection nor a GraphQL schema. {ASK}"
TOO_LARGE = "The document is larger than 20 MB: send the part of it that this request is about."
TOO_WIDE = (
    "So many tables and columns are described here that no page could show them: "
    "send the part of it that this request is about."
)
TOO_DEEP = "The document nests more than 200 levels deep, which no API description needs: send the original document."
TOO_MANY = (
    "The document unfolds to more than two million values: send the part of it that this request is about, "
    "without repeated anchors."
)
CYCLIC = "The document contains itself through an anchor: write the part out by name with $ref instead."
TOO_MUCH_MEMORY = (
    "Reading this document takes more memory than is allowed: send the part of it that this request is about."
)
TOO_LONG = (
    "Reading this document takes longer than is allowed: send the part of it that this request is about, "
    "or judge by hand."
)
BROKEN = (
    "This document could not be measured: something in it is not as a document of its kind should be. "
    "Send another version of it, or judge by hand."
)
STOPPED = "Reading the document was stopped from outside, by the system perhaps: try again in a moment."
NOT_STARTED = "The program that reads documents did not start: try again, or tell your administrator."
