"""A BERT of a few thousand weights with a word tokenizer, and some reports, for tests."""

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from core.text.encoder import TextEncoder
from core.text.reports import Report

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
