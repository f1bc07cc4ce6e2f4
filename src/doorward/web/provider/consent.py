"""The page on which a user consents to the scopes of an application."""

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Final

from fastapi import Request, Response

from doorward.api.bodies import FormBody
from doorward.api.oauth.metadata import AUTHORIZE_PATH
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import ContentPolicy
from doorward.api.routing import Call
from doorward.api.services import CurrentServices
from doorward.domain.auth.models import ACCOUNT_SCOPE
from doorward.domain.auth.scopes import ResourceScope
from doorward.domain.oauth.authorization_decision import CodeDue, ConsentDue
from doorward.domain.oauth.authorization_request import AuthorizationRequest, RefusedAuthorization
from doorward.domain.oauth.client_secret import has_registered_itself
from doorward.domain.oauth.document_address import authority_of, is_document_address
from doorward.domain.oauth.policy import EMAIL_SCOPE, OFFLINE_SCOPE, OPENID_SCOPE, PROFILE_SCOPE
from doorward.domain.oauth.redirect_uris import host_of
from doorward.web.cookies import Cookie
from doorward.web.forms import DecisionForm
from doorward.web.provider.authorize import provider_of
from doorward.web.provider.pages import CONSENT, ERRORS_WITHOUT_REDIRECT, ProviderPages, form_policy, page_policy
from doorward.web.provider.parameters import query_of
from doorward.web.texts import Texts, texts_of

TEMPLATE: Final = "consent"
ALLOW: Final = "allow"
DESCRIBED_SCOPES: Final = (
    OPENID_SCOPE,
    PROFILE_SCOPE,
    EMAIL_SCOPE,
    OFFLINE_SCOPE,
    ACCOUNT_SCOPE,
    ResourceScope.ITEMS_READ.value,
    ResourceScope.ITEMS_WRITE.value,
)
"""Scopes with a description, in the order of the page."""


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""

    async def show_consent(request: Request, services: CurrentServices) -> Response:
        """Show the form, or redirect the browser if no consent is needed."""
        query = query_of(request)
        try:
            return await _ask(request, pages, provider_of(services), query, is_form=False)
        except ERRORS_WITHOUT_REDIRECT as error:
            return pages.error_page(request, error)

    async def decide_consent(request: Request, form: FormBody[DecisionForm], services: CurrentServices) -> Response:
        """Redirect the browser to the application with the result of the user's decision."""
        try:
            return await _decided(request, pages, provider_of(services), form)
        except ERRORS_WITHOUT_REDIRECT as error:
            return pages.error_page(request, error)

    return [
        Call("GET", CONSENT, show_consent, page_policy(ContentPolicy.FORM)),
        Call("POST", CONSENT, decide_consent, form_policy(ContentPolicy.FORM_ELSEWHERE)),
    ]


async def _ask(
    request: Request, pages: ProviderPages, provider: ProviderServices, query: str, *, is_form: bool
) -> Response:
    session = await provider.browser_sessions.find(pages.cookies.read(request, Cookie.SESSION))
    state = await provider.authorization.evaluate(pages.read_parameters(request, query), session)
    if isinstance(state, RefusedAuthorization) or not isinstance(state.decision, ConsentDue):
        return pages.redirect(request, f"{AUTHORIZE_PATH}?{query}", is_form=is_form)
    asked, decision = state.request, state.decision
    return pages.form_page(
        request,
        TEMPLATE,
        form=_form_of(asked),
        application=asked.client.name,
        registered_itself=has_registered_itself(asked.client.client_id),
        registered_by=authority_of(asked.client.client_id) if is_document_address(asked.client.client_id) else "",
        host=host_of(asked.reply.redirect_uri),
        username=decision.session.username,
        scopes=scope_descriptions(texts_of(request), decision.scopes),
        is_known=not decision.new,
        query=query,
    )


def _form_of(asked: AuthorizationRequest) -> str:
    """Return the name of the form, to which its token is bound: it differs for everything that the page shows.

    So a user who saw other scopes, or another name or host of the application, is asked again.
    """
    shown = [asked.client.client_id, asked.client.name, host_of(asked.reply.redirect_uri), *sorted(asked.scopes)]
    return f"{TEMPLATE} {hashlib.sha256(json.dumps(shown).encode()).hexdigest()}"


async def _decided(request: Request, pages: ProviderPages, provider: ProviderServices, form: DecisionForm) -> Response:
    """Apply the decision, if the page showed what the application requests now; otherwise ask again."""
    session = await provider.browser_sessions.find(pages.cookies.read(request, Cookie.SESSION))
    state = await provider.authorization.evaluate(pages.read_parameters(request, form.query), session)
    if isinstance(state, RefusedAuthorization):
        return pages.redirect_with_result(request, provider.issuer, state, is_form=True)
    decision = state.decision
    if isinstance(decision, CodeDue | ConsentDue):
        if not pages.form_tokens.is_valid(request, _form_of(state.request), form.form_token):
            return await _ask(request, pages, provider, form.query, is_form=True)
        if form.decision != ALLOW:
            declined = provider.authorization.decline(state.request)
            return pages.redirect_with_result(request, provider.issuer, declined, is_form=True)
        issued = await provider.authorization.agree(state.request, decision.session)
        if issued is not None:
            return pages.redirect_with_result(request, provider.issuer, issued, is_form=True)
    return pages.redirect(request, f"{AUTHORIZE_PATH}?{form.query}", is_form=True)


def scope_descriptions(texts: Texts, scopes: Collection[str]) -> Sequence[str]:
    """Return the descriptions of scopes, followed by the names of those without a description."""
    known = [texts(f"scope.{scope}") for scope in DESCRIBED_SCOPES if scope in scopes]
    return [*known, *sorted(set(scopes) - set(DESCRIBED_SCOPES))]
