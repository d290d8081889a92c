"""What a claim may bring: what is wrong, with which lines, in words, and photos."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine
from orders.models.claim import ClaimKind
from orders.photos import MOST


class Several(forms.FileInput):
    allow_multiple_selected = True


class Photos(forms.FileField):
    """Several files at once; each is judged where it is drawn anew."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:  # noqa: ARG002 (Django's signature)
        return list(data or [])


class LineChoice(forms.ModelMultipleChoiceField[OrderLine]):
    def label_from_instance(self, line: OrderLine) -> str:
        return f"{line.quantity} × {line.title} ({line.label})"


class ClaimForm(forms.Form):
    """`photos` are judged by the view; `key` makes a second press find the first claim."""

    kind = forms.ChoiceField(
        label=_("What is wrong?"),
        choices=[(kind.value, kind.label) for kind in ClaimKind if kind != ClaimKind.WITHDRAWAL],
        error_messages={"required": _("Please say what is wrong.")},
    )
    lines = LineChoice(
        queryset=OrderLine.objects.none(),
        label=_("With what?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one.")},
    )
    words = forms.CharField(
        label=_("What should we know?"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    photos = Photos(
        label=_("Photos"),
        required=False,
        help_text=_("Up to %(n)s, JPEG, PNG or WebP, 10 MB each. Only we see them.") % {"n": MOST},
        widget=Several(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, order: Order, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        field = self.fields["lines"]
        assert isinstance(field, LineChoice)  # noqa: S101 (tells the type checker which field it is)
        field.queryset = order.lines.all()
        if len(field.queryset) == 1:
            field.initial = field.queryset
