"""A BERT of a few thousand weights with a word tokenizer, and some reports, for tests."""

import zipfile
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from core.cards import Card
from core.registry import Registry
from core.text.encoder import TextEncoder
from core.text.reports import Report
from tests.toy import write_registry

HEAD = "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
_WORDS = (
    "[PAD] [UNK] [CLS] [SEP] the lungs are clear no pneumonia . , heart size is normal right "
    "lower lobe consolidation has resolved there evidence of infiltrate in left cannot exclude"
)
WORDS = _WORDS.split()
REPORTS = [
    Report("1", "The lungs are clear.", "No pneumonia.", ("normal",)),
    Report("2", "Consolidation in the right lower lobe.", "Pneumonia.", ("pneumonia/lobe",)),
    Report("3", "Heart size is normal.", "", ("normal",)),
    Report("4", "Infiltrate in the left lobe.", "", ("infiltrate", "opacity")),
    Report("5", "", "Left nodule.", ("nodule",)),
]


def encoder(length: int = 12) -> TextEncoder:
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32,
    )  # fmt: skip
    return TextEncoder(tokenizer, BertModel(config, add_pooling_layer=False), length)


def save(folder):
    """Write the small encoder as Hugging Face does; its path may stand in a configuration."""
    own = encoder()
    own.bert.save_pretrained(folder)
    own.tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


def generators(root, encoder_folder):
    """Two untrained generators from text and their autoencoder below a folder of checkpoints."""
    from core.models.base import build
    from core.text.conditions import CONDITIONS
    from core.training import publish
    from core.training.run import Run
    from tests.training import tiny

    recipe = tiny.data().preprocessing.to_dict()
    shared = {
        "autoencoder": "shared/ae", "encoder": encoder_folder, "channels": 1,
        "latent_channels": 8, "latent_size": 4, "states": 16, "text_width": 64,
        "text_layers": 1, "conditions": list(CONDITIONS),
    }  # fmt: skip
    flow = {**shared, "widths": [16, 32], "attention": [False, True], "layers": 1}
    gan = {**shared, "width": 16, "blocks": 3}
    run = Run(root.parent / "run", {})
    own = {k: v for k, v in tiny.AUTOENCODER.items() if k != "family"}
    made = [
        Card("shared/ae", "shared", "autoencoder", "autoencoder-kl", "AE", own),
        Card("chest_xray/text-diffusion", "chest_xray", "text-generator", "text-diffusion",
             "Diffusion from text", flow, list(CONDITIONS)),
        Card("chest_xray/text-gan", "chest_xray", "text-generator", "text-gan",
             "GAN from text", gan, list(CONDITIONS)),
    ]  # fmt: skip
    registry = Registry(root, torch.device("cpu"))
    for card in made:
        torch.manual_seed(0)
        module = build(card.family, card.config, lambda i: registry.get(i).module)
        card.preprocessing = {**recipe, "channels": 3} if card.task == "autoencoder" else recipe
        card.limits = ["Trained on weak pairs: the image follows the condition."]
        publish.publish(run, card, module, root)
    return registry


def reports(path: Path) -> Path:
    """An archive of 120 made-up reports, half of them normal, half with pneumonia."""
    rows = "".join(
        f"{n},normal,normal,PA,,,The lungs are clear {n}.,\n{n + 500},Pneumonia,Pneumonia,PA,,,"
        f"Right pneumonia {n}.,\n"
        for n in range(60)
    )
    with zipfile.ZipFile(path, "w") as store:
        store.writestr("indiana_reports.csv", HEAD + rows)
    return path


def setting(folder: Path) -> tuple[Registry, Path]:
    """A registry with both generators from text, and an archive of reports."""
    (folder / "bert").mkdir()
    registry = generators(write_registry(folder / "checkpoints"), save(folder / "bert"))
    return registry, reports(folder / "reports.zip")
