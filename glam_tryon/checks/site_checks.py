"""Checks of what surrounds the app: URLs, middleware, templates and the content security policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.template import Template, TemplateDoesNotExist
from django.template.base import Node, NodeList
from django.template.loader import get_template
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.urls import NoReverseMatch, Resolver404, resolve
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_path, override

from glam_tryon.signed_urls import path_without_request

_INCLUDE = 'path("tryon/", include("glam_tryon.urls"))'
#: One URL of each kind, as the poller and as shoppers ask for them.
_SAMPLES = (
    ("glam_tryon:for_glam", "probe", "sample"),
    ("glam_tryon:start", "shop.product", "1"),
    ("glam_tryon:mine",),
)


@register(Tags.urls)
def check_urls(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Look whether the app's URLs are included, and whether they lead to the app."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        paths = [path_without_request(name, *args) for name, *args in _SAMPLES]
    except NoReverseMatch:
        return [
            Error(
                f"The URLs of glam_tryon are not in {settings.ROOT_URLCONF}.",
                hint=f"Add {_INCLUDE} to its urlpatterns, above any catch-all.",
                id="glam_tryon.E009",
            )
        ]
    script_name = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    for path in (each.removeprefix(script_name) for each in paths):
        # As a request without cookies is answered, Glam's among them.
        with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
            problem = _elsewhere(path)
        if problem:
            return [
                Error(
                    f"{path} does not lead to glam_tryon: {problem}.",
                    hint=f"Put {_INCLUDE} above what takes every path.",
                    id="glam_tryon.E010",
                )
            ]
    return []


def _elsewhere(path: str) -> str:
    try:
        match = resolve(path)
    except Resolver404:
        return "no URL matches it"
    if "glam_tryon" in match.app_names:
        return ""
    return f"{match._func_path} takes it first ({match.route!r})"


_NEEDED = {
    "django.contrib.sessions.middleware.SessionMiddleware": "whose a try-on is",
    "django.contrib.auth.middleware.AuthenticationMiddleware": "who is signed in",
}


@register(Tags.compatibility)
def check_middleware(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Look for the middleware without which no try-on can be ordered."""
    there: list[Any] = []
    for name in settings.MIDDLEWARE:
        try:
            there.append(import_string(name))
        except ImportError:
            # The server says so when it starts.
            continue
    classes = [each for each in there if isinstance(each, type)]
    return [
        Error(
            f"MIDDLEWARE has no {needed.rpartition('.')[2]}: nobody knows {why}.",
            hint=f'Add "{needed}" to MIDDLEWARE.',
            id="glam_tryon.E011",
        )
        for needed, why in _NEEDED.items()
        if not any(issubclass(each, import_string(needed)) for each in classes)
    ]


@register(Tags.templates)
def check_templates(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Look whether the plain pages are found, fill their frame and have the assets in it."""
    try:
        page = get_template("glam_tryon/mine.html")
    except TemplateDoesNotExist as error:
        return [
            Error(
                f"The templates of glam_tryon are not found: {error}.",
                hint='Set "APP_DIRS": True for DjangoTemplates in TEMPLATES.',
                id="glam_tryon.E012",
            )
        ]
    chain = list(_chain(getattr(page, "template", None)))
    if not chain:
        return []
    names = [template.name for template in chain]
    found: list[CheckMessage] = []
    if not any(_has(template.nodelist, _is_content) for template in chain[1:]):
        found.append(
            Error(
                f"{names[-1]} has no block 'content', so the pages of glam_tryon are empty.",
                hint="Put {% block content %}{% endblock %} where a page's own part stands.",
                id="glam_tryon.E013",
            )
        )
    if not any(_has(template.nodelist, _is_assets) for template in chain):
        found.append(
            checks.Warning(
                f"Neither {' nor '.join(map(str, names))} has {{% tryon_page_assets %}}: the pages "
                "of glam_tryon are without styles and scripts.",
                hint="Put {% load glam_tryon %}{% tryon_page_assets %} into the page, as the app's "
                "own template does.",
                id="glam_tryon.W015",
            )
        )
    return found


def _chain(template: Template | None) -> Iterator[Template]:
    """Yield a template and those that it extends; none when a name is known only to a request."""
    chain = []
    while template is not None:
        chain.append(template)
        extends = next((each for each in template.nodelist if isinstance(each, ExtendsNode)), None)
        if extends is None:
            yield from chain
            return
        name = getattr(extends.parent_name, "var", None)
        if not isinstance(name, str) or template.origin is None:
            return
        parent = get_template(name)
        template = getattr(parent, "template", None)
        # A template that extends the one of its own name is found behind itself: nobody can follow.
        if template is not None and template.origin == chain[-1].origin:
            return


_ASSETS = ("tryon_assets", "tryon_page_assets")


def _is_content(node: object) -> bool:
    return isinstance(node, BlockNode) and node.name == "content"


def _is_assets(node: object) -> bool:
    return getattr(getattr(node, "func", None), "__name__", "") in _ASSETS


def _has(nodes: NodeList, wanted: Any) -> bool:
    for node in nodes.get_nodes_by_type(Node):
        if wanted(node):
            return True
        if isinstance(node, IncludeNode):
            name = node.template.var
            if not isinstance(name, str):
                # Nobody can tell, so nothing is said.
                return True
            inside = getattr(get_template(name), "template", None)
            if inside is not None and _has(inside.nodelist, wanted):
                return True
    return False


_CSP = "django.middleware.csp.ContentSecurityPolicyMiddleware"
#: What each directive has to allow for the widget.
_ALLOWED = {
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "blob:"),
    "connect-src": ("'self'",),
    "form-action": ("'self'",),
}
_STATIC = ("script-src", "style-src")
#: These stand for themselves; the others follow ``default-src`` when they are not there.
_ALONE = ("form-action",)


@register(Tags.security)
def check_csp(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Hold Django's own content security policy against what the widget needs."""
    policy: Any = getattr(settings, "SECURE_CSP", None)
    if not isinstance(policy, Mapping) or not policy or _CSP not in settings.MIDDLEWARE:
        return []
    host = urlsplit(settings.STATIC_URL or "").netloc
    lacking = []
    for directive, sources in _ALLOWED.items():
        given = policy.get(directive)
        if given is None and directive not in _ALONE:
            given = policy.get("default-src")
        if given is None or given is False:
            continue
        values = {given} if isinstance(given, str) else {str(each) for each in given}
        for source in sources:
            wanted = host if host and directive in _STATIC else source
            if not _allows(values, wanted):
                lacking.append(f"{directive} {wanted}")
    if not lacking:
        return []
    return [
        checks.Warning(
            f"SECURE_CSP does not allow what the widget needs: {', '.join(lacking)}.",
            hint="The policy that is enough stands in docs/install.md, “The button”.",
            id="glam_tryon.W016",
        )
    ]


def _allows(values: set[str], wanted: str) -> bool:
    if wanted in values:
        return True
    # "*" is every host, but not blob:.
    return wanted != "blob:" and bool(values & {"*", "https:", f"https://{wanted}"})
