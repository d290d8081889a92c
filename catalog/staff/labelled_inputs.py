"""Labels for inputs in the cells of the admin's tables: Django names only the column."""

from collections.abc import Collection
from typing import Any, TypeVar

from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Field, Model
from django.http import HttpRequest
from django.utils.text import capfirst

Row = TypeVar("Row", bound=Model)


class LabelledInputs(BaseModelAdmin[Row]):
    """Screen readers hear the column's name with each input of the fields in `labelled`."""

    labelled: Collection[str] = ()

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in self.labelled:
            field.widget.attrs["aria-label"] = capfirst(str(db_field.verbose_name))
        return field
