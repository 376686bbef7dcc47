"""Orders and stock in the admin: to look at, page by page, and never to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from ordercore.errors import NotFound
from ordercore_django.kernels import kernel
from ordercore_django.models import Order, Stock
from ordercore_django.showing import STATUSES, axes, order_page, stock_lines, stock_page, total

PAGE = 50


if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[models.Model]
else:  # Django's classes take no parameters at run time
    ModelAdmin = admin.ModelAdmin


class _LookOnlyAdmin(ModelAdmin):
    """Nothing can be added, changed or deleted here, whatever permission somebody has."""

    def has_add_permission(self, request: HttpRequest, *given: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, *given: Any) -> None:
        """No row stands behind these names: pages of Django's own, such as the history, find nothing."""

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        about = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/ordercore/{template}.html", about)


@admin.register(Order)
class OrderAdmin(_LookOnlyAdmin):
    """The orders by the time of placing, and each with its lines and its story."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Newest first; `?status=`, `?q=` an id, `?after=` where the page begins."""
        status = request.GET.get("status") or None
        if status is not None and status not in STATUSES:
            raise Http404
        sought, found = request.GET.get("q", "").strip(), None
        if sought:
            found = _url(sought) if _exists(sought) else None
        after = tuple(request.GET.getlist("after"))
        rows = kernel().orders(
            status, after=(after[0], after[1]) if len(after) == 2 else None, limit=PAGE + 1, newest_first=True
        )
        more = len(rows) > PAGE
        rows = rows[:PAGE]
        query = [("status", status)] if status else []
        following = urlencode([*query, *(("after", part) for part in rows[-1].after)]) if more else ""
        shown = [
            {"row": row, "url": _url(row.id), "axes": axes(row.summary), "total": total(row.summary)} for row in rows
        ]
        return self._page(
            request, "orders", "Orders", rows=shown, statuses=STATUSES, status=status, following=following,
            first=not after, sought=sought, found=found,
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:  # fmt: skip
        """One order: lines, amounts, and what happened, oldest first."""
        id = unquote(object_id)
        try:
            context = order_page(kernel(), id)
        except NotFound as error:
            raise Http404(error.message) from error
        return self._page(request, "order", f"Order {id}", **context)


@admin.register(Stock)
class StockAdmin(_LookOnlyAdmin):
    """Where every unit is."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """By SKU, `?after=` where the page begins; two reads a page, however many items are on it."""
        rows = stock_lines(kernel(), request.GET.get("after", ""), PAGE + 1, request.GET.get("q", "").strip())
        more = len(rows) > PAGE
        rows = rows[:PAGE]
        following = urlencode({"after": rows[-1].sku}) if more else ""
        return self._page(
            request, "stock", "Stock", rows=rows, following=following, first="after" not in request.GET,
            sought=request.GET.get("q", "").strip(),
        )  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:  # fmt: skip
        """One item, place by place."""
        sku = unquote(object_id)
        try:
            context = stock_page(kernel(), sku)
        except NotFound as error:
            raise Http404(error.message) from error
        return self._page(request, "item", f"Stock of {sku}", **context)


def _exists(id: str) -> bool:
    try:
        kernel().order(id)
    except NotFound:
        return False
    return True


def _url(id: str) -> str:
    return reverse("admin:ordercore_order_change", args=[quote(id)])
