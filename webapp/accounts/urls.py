"""Signing in, under the names that allauth's own code looks up, and our own pages under `accounts:`.

Of allauth only what is used is here: every further URL would need its row in the table of who may do what.
"""

from allauth.account import views as allauth
from django.urls import include, path, re_path

from webapp.accounts import views

sign_in = [
    path("sign-in/", allauth.login, name="account_login"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("sign-up/", allauth.signup, name="account_signup"),  # always closed; mails and pages of allauth link to it
    path("account/inactive/", allauth.account_inactive, name="account_inactive"),
    path("account/password/", allauth.password_change, name="account_change_password"),
    path("account/forgotten/", allauth.password_reset, name="account_reset_password"),
    path("account/forgotten/sent/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/forgotten/changed/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"
    ),
]

own = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("set-up/<str:token>/", views.set_up, name="set_up"),
    path("account/learning/", views.learning, name="learning"),
    path("account/language/", views.language, name="language"),
    path("account/keys/", views.controls, name="controls"),
    path("account/keys/reset", views.reset_controls, name="reset_controls"),
    path("keys/", views.keys, name="keys"),
    path("people/", views.people, name="people"),
    path("people/invite", views.invite, name="invite"),
    path("people/invitations/<uuid:invitation_id>/withdraw", views.withdraw_invitation, name="withdraw_invitation"),
    path("people/<uuid:user_id>/roles", views.change_roles, name="change_roles"),
    path("people/<uuid:user_id>/generate", views.change_generate, name="change_generate"),
    path("people/<uuid:user_id>/deactivate", views.deactivate, name="deactivate"),
    path("people/<uuid:user_id>/reactivate", views.reactivate, name="reactivate"),
]

urlpatterns = [*sign_in, path("", include((own, "accounts")))]
