"""What can go wrong when speaking to Fivetran, each with a sentence for people."""


class FivetranError(Exception):
    """Base of all errors of this room. `sentence` may be shown to a person; it never holds a secret.

    `never_taken`: the request did not go out, or was turned away at the door. `in_flight`: it may still be travelling.
    """

    never_taken = False
    in_flight = False

    def __init__(self, sentence: str, *, request_id: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.request_id = request_id


class AuthFailed(FivetranError):
    """HTTP 401: the key pair is missing or wrong."""

    never_taken = True

    def __init__(self, *, request_id: str = "") -> None:
        super().__init__(
            "Fivetran did not accept the API key. Check the key and secret in the settings.", request_id=request_id
        )


class Refused(FivetranError):
    """A 4xx answer: Fivetran understood and said no. Nothing has happened."""

    def __init__(self, status: int, code: str, message: str, *, request_id: str = "") -> None:
        super().__init__(f"Fivetran refused ({status} {code}): {message}", request_id=request_id)
        self.status = status
        self.code = code
        self.message = message


class Forbidden(Refused):
    """HTTP 403: the key lacks a permission, or something is in use."""


class NotFound(Refused):
    """HTTP 404: what was named is not there (any more)."""


class Conflict(Refused):
    """HTTP 409: a name is taken or something else is going on. Look it up before trying again."""


class Throttled(FivetranError):
    """HTTP 429, or our own pace forbids the call. `retry_after` is in seconds. Nothing has happened."""

    never_taken = True

    def __init__(self, retry_after: int, *, request_id: str = "") -> None:
        super().__init__(
            f"Fivetran's rate limit is reached. The next call may go out in {retry_after} seconds.",
            request_id=request_id,
        )
        self.retry_after = retry_after


class Unreachable(FivetranError):
    """No usable answer. `doubtful`: the request may have had its effect, so look it up before sending it again.

    `in_flight`: it may even still be travelling, so that a look-up now proves nothing yet: the exchange timed out or
    broke off, or a gateway gave up on its own neighbour. False when the API itself answered.
    """

    def __init__(self, why: str, *, doubtful: bool, in_flight: bool = False, request_id: str = "") -> None:
        advice = (
            "The request may have been carried out; it is looked up before it is sent again."
            if doubtful
            else "Nothing was changed; it will be tried again."
        )
        super().__init__(f"Fivetran gave no usable answer ({why}). {advice}", request_id=request_id)
        self.doubtful = doubtful
        self.never_taken = not doubtful
        self.in_flight = in_flight
