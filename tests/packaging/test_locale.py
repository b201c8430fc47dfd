"""The catalogues in ``glam_tryon/locale`` are complete, compiled, and found by a shop's pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from gettext import GNUTranslations
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto
from tests.servers import ROOT
from tests.shop import house_model, product

__all__ = ["house_model", "product"]

LOCALE = ROOT / "glam_tryon" / "locale"
LANGUAGES = sorted(folder.name for folder in LOCALE.iterdir() if folder.is_dir())
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


def catalogue(language: str, locale: Path = LOCALE) -> Path:
    return locale / language / "LC_MESSAGES" / "django.po"


def messages(compiled: Path) -> dict[Any, str]:
    """What a compiled catalogue says; plurals have the key (text, number of the form)."""
    with compiled.open("rb") as opened:
        return dict(GNUTranslations(opened)._catalog)  # type: ignore[attr-defined]


def run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unfinished(po: Path) -> str:
    """The entries without a translation, and those of which gettext is not sure."""
    return run("msgattrib", "--untranslated", po) + run("msgattrib", "--only-fuzzy", po)


def test_there_is_a_translation_of_every_text(needs: Callable[..., None], language: str) -> None:
    needs("gettext")
    assert unfinished(catalogue(language)) == ""


def names_one_number(compiled: Path, form: int) -> bool:
    """Say whether a plural form stands for a single number, which it may give as a word."""
    with compiled.open("rb") as opened:
        plural = GNUTranslations(opened).plural  # type: ignore[attr-defined]
    return sum(plural(number) == form for number in range(1000)) == 1


def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    compiled = catalogue(language).with_suffix(".mo")
    for key, text in messages(compiled).items():
        original, form = key if isinstance(key, tuple) else (key, None)
        found, wanted = PLACEHOLDER.findall(text), PLACEHOLDER.findall(original)
        if form is not None and not found and names_one_number(compiled, form):
            continue
        assert sorted(found) == sorted(wanted), original


def test_a_translation_names_glam_only_where_its_text_does(language: str) -> None:
    said = messages(catalogue(language).with_suffix(".mo"))
    texts = {key[0] if isinstance(key, tuple) else key: text for key, text in said.items() if key}
    assert [key for key, text in texts.items() if "Glam" in text and "Glam" not in key] == []


def test_the_compiled_catalogue_is_that_of_the_text(
    needs: Callable[..., None], language: str, tmp_path: Path
) -> None:
    needs("gettext")
    po = catalogue(language)
    run("msgfmt", "--check", "--output-file", tmp_path / "fresh.mo", po)
    assert messages(po.with_suffix(".mo")) == messages(tmp_path / "fresh.mo")


def test_the_catalogue_names_the_project_its_language_and_no_stranger(language: str) -> None:
    header = messages(catalogue(language).with_suffix(".mo"))[""]
    assert "Project-Id-Version: django-glam-tryon\n" in header
    assert f"Language: {language}\n" in header
    assert "@" not in header


def test_every_text_of_the_code_is_in_the_catalogue_and_no_other(
    needs: Callable[..., None], language: str, tmp_path: Path
) -> None:
    needs("gettext")
    ignore = shutil.ignore_patterns("__pycache__")
    copy = Path(shutil.copytree(ROOT / "glam_tryon", tmp_path / "glam_tryon", ignore=ignore))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", language]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": ""}
    run(*command, "--no-location", "--no-obsolete", cwd=copy, env=environment)
    po = catalogue(language, copy / "locale")
    assert unfinished(po) == "", "makemessages finds texts that are not translated"
    run("msgfmt", "--output-file", tmp_path / "fresh.mo", po)
    known = messages(catalogue(language).with_suffix(".mo"))
    assert known.keys() - messages(tmp_path / "fresh.mo").keys() == set()


@pytest.mark.django_db
def test_a_shop_in_another_language_shows_its_shoppers_that_language(
    client: Client, product: Product, house_model: PersonPhoto, language: str
) -> None:
    address = reverse("glam_tryon:start", args=["shop.product", str(product.pk)])
    with translation.override(language):
        html = unescape(client.get(address).content.decode())
    said = messages(catalogue(language).with_suffix(".mo"))
    for text in ("Choose a model", "Or take your own photo", "Try it on"):
        assert said[text] in html
        assert text not in html
    assert said["The photo is too large. Please choose a smaller one."] in html
