"""Errors whose message is one clear sentence for the person in front of the screen."""


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
