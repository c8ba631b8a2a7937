"""Errors whose message is one clear sentence for the person in front of the screen."""

import errno


class SynthLensError(Exception):
    """Base class: its text may be shown to a user as it is."""


class UnreadableImageError(SynthLensError):
    """A file is no image that SynthLens can read; the text says what to do."""


class CheckpointError(SynthLensError):
    """A checkpoint is missing, damaged, altered or does not fit; the text names the file."""


class DataError(SynthLensError):
    """A data archive is missing, of an unknown layout or broken."""


class CancelledError(SynthLensError):
    """Work was cancelled by the user."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}
# torch and safetensors write files of their own and raise no OSError
_FULL_TEXTS = ("No space left", "File too large", "failed writing file", "unexpected pos")


def about_files(error: Exception) -> str | None:
    """One sentence for a full disk or a place that may not be written; None for anything else."""
    number = error.errno if isinstance(error, OSError) else None
    name = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    if number in _FULL or any(text in str(error) for text in _FULL_TEXTS):
        return f"The disk is full{name}. Free some space and run it again: nothing done is lost."
    if number in _CLOSED:
        return f"No permission to write there{name}. Choose another place or change its rights."
    return None
