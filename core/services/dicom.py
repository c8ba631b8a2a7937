"""A synthetic image as a DICOM secondary capture."""

from __future__ import annotations

import hashlib
import io

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from core.services.generation import GeneratedImage

_DATE, _TIME = "19800101", "000000"  # the same image gives the same bytes, whatever the date


def secondary_capture(image: GeneratedImage, text: dict[str, str]) -> bytes:
    """Encode an image as DICOM that says it is synthetic in its own tags.

    Synthetic Data (0008,001C) is YES and Quality Control Subject (0010,0200) is YES, so that it
    is never taken for a patient's image (DICOM PS3.3 C.12.1 and C.7.1.1). Identifiers are made
    from the pixels, model and seed.

    Args:
        image: (S, S, 1) or (S, S, 3) uint8 pixels.
        text: what `core.services.export.describe` says of it.

    Returns:
        The bytes of a DICOM file.
    """
    dataset = Dataset()
    _identity(dataset, image)
    _description(dataset, text)
    _pixels(dataset, image)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _identity(dataset: Dataset, image: GeneratedImage) -> None:
    digest = hashlib.sha256(image.pixels.tobytes()).hexdigest()
    source = [image.model, str(image.seed), digest]
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[*source, "instance"])
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[*source, "study"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[*source, "series"])
    dataset.PatientName = "SYNTHETIC^SYNTHLENS"
    dataset.PatientID = f"SYNTHETIC-{image.seed}"
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate = dataset.ContentDate = _DATE
    dataset.StudyTime = dataset.ContentTime = _TIME
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.SeriesNumber = dataset.InstanceNumber = 1


def _description(dataset: Dataset, text: dict[str, str]) -> None:
    dataset.SyntheticData = "YES"
    dataset.QualityControlSubject = "YES"
    dataset.ImageType = ["DERIVED", "SECONDARY", "SYNTHETIC"]
    dataset.Modality = "OT"
    dataset.ConversionType = "SYN"
    dataset.Manufacturer = "SynthLens"
    dataset.ManufacturerModelName = text["Model"][:64]
    dataset.SoftwareVersions = text["Software"]
    dataset.SeriesDescription = text["Title"][:64]
    dataset.DerivationDescription = (
        f"{text['Description']} Model {text['Model']}, class {text['Class']}, "
        f"seed {text['Seed']}, options {text['Options']}."
    )[:1024]
    dataset.BurnedInAnnotation = "NO"


def _pixels(dataset: Dataset, image: GeneratedImage) -> None:
    height, width, channels = image.pixels.shape
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = height, width, channels
    dataset.PhotometricInterpretation = "MONOCHROME2" if channels == 1 else "RGB"
    if channels == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    content = image.pixels.tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
