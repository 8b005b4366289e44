"""Texts as vectors: a tiny sentence model and a tiny CLIP with random weights in the real format."""

import json

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer, CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

from distributional_view.backends.measures.sentences import load_sentences, pooling
from distributional_view.errors import UserError
from tests.support.tiny_priors import save_text

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "stripes")
TEXTS = ["cat", "cat dog stripes cat", "dog"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(WORDS), **sizes)).save_pretrained(folder)
    BertTokenizer({word: i for i, word in enumerate(WORDS)}).save_pretrained(folder)
    return folder


def pooled(folder, **modes):
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 16, **modes}))


def one_by_one(folder, take):
    """Without padding: a text at a time."""
    model, tokenizer = BertModel.from_pretrained(folder).eval(), BertTokenizer.from_pretrained(folder)
    with torch.no_grad():
        found = [take(model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]) for text in TEXTS]
    return np.stack([(x / x.norm()).numpy() for x in found])


def test_the_mean_and_the_first_of_the_tokens(bert):
    pooled(bert, pooling_mode_mean_tokens=True, pooling_mode_cls_token=False)
    mean = load_sentences(bert, batch=2)(TEXTS)
    np.testing.assert_allclose(mean, one_by_one(bert, lambda states: states.mean(0)), atol=1e-5)
    pooled(bert, pooling_mode_mean_tokens=False, pooling_mode_cls_token=True)
    first = load_sentences(bert)(TEXTS)
    np.testing.assert_allclose(first, one_by_one(bert, lambda states: states[0]), atol=1e-5)
    assert np.abs(first - mean).max() > 0.01
    np.testing.assert_allclose(np.linalg.norm(mean, axis=1), 1)


def test_clip_has_a_feature_of_its_own(tmp_path):
    source = save_text(tmp_path / "sd")
    text = CLIPTextConfig.from_pretrained(source / "text_encoder").to_dict()
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = CLIPVisionConfig(image_size=8, patch_size=4, **sizes).to_dict()
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=6)).eval()
    folder = tmp_path / "clip"
    model.save_pretrained(folder)
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(source / "tokenizer")
    tokenizer.save_pretrained(folder)
    found = load_sentences(folder)(["cat", "a dog cat"])
    for row, words in zip(found, ("cat", "a dog cat"), strict=True):
        tokens = tokenizer(words, return_tensors="pt")
        with torch.no_grad():
            x = model.text_projection(model.text_model(**tokens).pooler_output)[0]
        np.testing.assert_allclose(row, (x / x.norm()).numpy(), atol=1e-5)


def test_other_models_are_refused(bert, tmp_path):
    pooled(bert, pooling_mode_max_tokens=True)
    with pytest.raises(UserError, match="pooling = "):
        pooling(bert)
    pooled(bert, pooling_mode_mean_tokens=True)
    (bert / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense"}]))
    with pytest.raises(UserError, match="has the part Dense"):
        load_sentences(bert)
    (bert / "modules.json").unlink()
    with pytest.raises(UserError, match=r"with a config\.json"):
        load_sentences(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match="cannot be read"):
        load_sentences(tmp_path)
