"""The errors that glam_tryon raises; each also inherits the built-in type that fits it."""

from __future__ import annotations

from datetime import datetime


class TryOnError(Exception):
    """Base of every error that this package raises on purpose."""


class SettingError(TryOnError, ValueError):
    """A value in ``GLAM_TRYON`` cannot be used; the message names the setting and a right value.

    ``name`` is empty when ``GLAM_TRYON`` itself is no dict; ``key`` is the key at fault of a
    setting that is a dict.
    """

    def __init__(self, name: str, problem: str, key: str = "") -> None:
        self.name = name
        self.problem = problem
        self.key = key
        where = "".join(["GLAM_TRYON", *(f'["{part}"]' for part in (name, key) if part)])
        super().__init__(f"{where} {problem}")


class NotRegistered(TryOnError, LookupError):
    """The product's model was never given to ``glam_tryon.garments.register``."""


class AlreadyRegistered(TryOnError, ValueError):
    """The product's model was given to ``glam_tryon.garments.register`` before."""


class FileUnavailable(TryOnError, OSError):
    """A storage does not give, take, list or delete a file; the message says what it raised."""


class FileMissing(FileUnavailable, FileNotFoundError):
    """A storage has no such file."""


class GarmentUnavailable(TryOnError, ValueError):
    """The product has no garment picture that can be sent, or names no known mask type.

    ``code`` is stable: ``no_picture``, ``unreadable_picture``, ``mask_type``, ``excluded``,
    ``registration``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class InvalidImage(TryOnError, ValueError):
    """A picture was refused. ``code`` is stable; the message is for the person who sent it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class PhotoRefused(InvalidImage):
    """A hook of the shop's own refuses a photo; for hooks to raise.

    ``message`` is what the shopper reads, in the active language; without one it is the text that
    ``glam_tryon.messages`` has for the code.
    """

    def __init__(self, code: str = "no_person_shape", message: str = "") -> None:
        self.message = message
        super().__init__(code, message or f"The photo was refused: {code}.")


class DecodersBusy(InvalidImage):
    """Other pictures take all the memory there is for decoding; the same again in a moment."""


class HookFailed(TryOnError, RuntimeError):
    """A hook of the shop's own gave no answer, so nothing passed it; ``name`` is its setting.

    It raised another exception than its refusal, returned a value, or cannot be called.
    """

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f'GLAM_TRYON["{name}"] {problem}')


class ConsentRequired(TryOnError, ValueError):
    """A shopper's photo without consent to the current text; it is neither taken in nor used.

    ``code`` is stable: ``no_consent`` when there is none or it was taken back, ``consent_changed``
    when it is to another text than the current one.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        problem = {
            "no_consent": "A shopper's photo needs consent",
            "consent_changed": "The consent is to another text than the current one",
        }[code]
        super().__init__(
            f"{problem}. Show glam_tryon.jobs.current_consent() and pass it as consent= once the "
            'shopper agreed; or pass consent=NoConsentNeeded("why"), which is kept with the photo.'
        )


class PhotoUnavailable(TryOnError, ValueError):
    """The person photo was deleted, or does not belong to the job's owner."""


class OrderRefused(TryOnError, RuntimeError):
    """The shop refuses this order; nothing was taken in.

    ``code`` is stable: ``paused``, ``limit_owner_day``, ``limit_address``, ``limit_open``,
    ``limit_shop``, ``budget``, ``staff_only``, ``login_required``, ``not_allowed``. ``ends_at`` is
    when a limit ends, None if that is unknown. ``message`` is what the shopper reads instead of the
    code's own text; the hook ``ALLOW_REQUEST`` raises ``OrderRefused("not_allowed", message=...)``.
    """

    def __init__(self, code: str, ends_at: datetime | None = None, message: str = "") -> None:
        self.code = code
        self.ends_at = ends_at
        self.message = message
        super().__init__(message or f"no try-on can be ordered now: {code}")


class NotPublishable(TryOnError, ValueError):
    """A picture may not be published; the message says why, for staff.

    The hook ``PUBLISH_RESULT`` raises it to refuse.
    """


class IllegalTransition(TryOnError, RuntimeError):
    """The job is in a status from which this change is not allowed."""

    def __init__(self, status: str, wanted: str) -> None:
        self.status = status
        self.wanted = wanted
        super().__init__(f"a job that is {status!r} cannot be {wanted}")


class PublishedTextError(TryOnError, RuntimeError):
    """A published consent text cannot change: shoppers may have agreed to it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"A published consent text cannot be {what}; publish a new version instead."
        )


class UnsafeResultURL(TryOnError, ValueError):
    """The URL of a result must not be fetched; nothing was sent to it."""


class DownloadFailed(TryOnError, OSError):
    """A result could not be fetched now. ``gone`` says that its host answered 403, 404 or 410."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        self.gone = gone
        super().__init__(message)


class ResultRefused(TryOnError, ValueError):
    """The bytes behind a result's URL are not a picture that may be stored.

    ``code`` is stable: ``too_large``, ``encoding``, ``format``, ``pixels``, ``broken``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)
