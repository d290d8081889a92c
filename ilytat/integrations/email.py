"""Email addresses as identity: one normalized form, stored and compared exactly.

Databases fold more than we do (in PostgreSQL upper(U+0131, the dotless i) is 'I'), so a case-insensitive comparison
lets the owner of a look-alike domain pass for someone else. No code compares addresses with iexact, icontains or a
prefix.
"""

import unicodedata
from collections.abc import Iterator
from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_LENGTH = 254  # characters, of the column and of RFC 5321
TOO_LONG = gettext_lazy("Enter an email address of at most 254 characters.")


def normalize_email(text: str) -> str:
    """Return the address as it is stored and compared: NFKC, lower case, the domain in ASCII (IDNA 2008).

    Raises ValidationError with a sentence for the person who typed it.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:  # first: what follows costs more, the longer the text
        raise ValidationError(TOO_LONG)
    address = unicodedata.normalize("NFKC", text).strip().lower()
    local, _at, domain = address.rpartition("@")
    if local.startswith('"'):  # quotes are no part of the mailbox's name: it would have two addresses
        raise ValidationError(_("Enter a valid email address."), code="invalid")
    if not local.isascii():
        raise ValidationError(_("Enter an email address without accented or special letters before the @."))
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise ValidationError(_("Enter a valid email address."), code="invalid") from error
    address = f"{local}@{domain}"
    validate_email(address)
    if len(address) > MAX_LENGTH:
        raise ValidationError(TOO_LONG)
    return address


def normalized_or_blank(text: str) -> str:
    """Return the normalized address, or "" when the text is none: for what providers and old rows say."""
    try:
        return normalize_email(text)
    except ValidationError:
        return ""


class EmailFormField(forms.EmailField):
    """An address as people type it; `cleaned_data` holds the normalized form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_LENGTH} | kwargs)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return text
        try:
            return normalize_email(text)
        except ValidationError as error:
            if error.code not in self.error_messages:
                raise
            raise ValidationError(self.error_messages[error.code], code=error.code) from error  # the form's own words


class EmailColumn(models.EmailField[str | Combinable, str]):
    """Holds normalized addresses only, and normalizes what it is compared with: every write and lookup, `update` too.

    Text that is no address is kept and compared as it is, so that it never matches one.
    """

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return normalized_or_blank(prepared) or prepared if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 (Django's signature)
        """Leave the instance with what the row holds."""
        stored = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, stored)
        return stored

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(normalize_email(value) if value else value, model_instance)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": EmailFormField} | kwargs)


BATCH_ROWS = 1000


def rows_to_normalize(rows: "models.QuerySet[Any]", column: str) -> Iterator[tuple[int, str, str]]:
    """For migrations: yield primary key, stored text and normalized address of the rows where the two differ.

    Reads in batches by primary key, so the caller may update or delete rows meanwhile. Text that is no address stays.
    """
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", column)[:BATCH_ROWS]):
        for pk, text in batch:
            address = normalized_or_blank(text)
            if address and address != text:
                yield pk, text, address
        last = batch[-1][0]


def is_same_mailbox(stored: str, address: str) -> bool:
    """For migrations: whether mail to the text, as it was stored before normalization, reached `address`.

    Only then does what was proven by that mail still hold. It differs for letters before the @ that normalization
    folds, and for domains that IDNA 2003 and 2008 encode differently (ß).
    """
    local, _at, domain = stored.strip().rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}".lower() == address
    except UnicodeError:
        return False
