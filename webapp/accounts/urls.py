"""Signing in, under the names that allauth's own code looks up, and our own pages under `accounts:`.

Of allauth only what is used is here: every further URL would need its row in the table of who may do what.
"""

from allauth.account import views as allauth
from allauth.mfa.base import views as allauth_mfa
from allauth.mfa.recovery_codes import views as allauth_codes
from django.urls import include, path, re_path

from webapp.accounts import factor_views, people_views, security_views, views

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

second_factor = [
    path("sign-in/second/", allauth_mfa.authenticate, name="mfa_authenticate"),
    path("account/confirm/", allauth.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", allauth_mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/confirm/passkey/", factor_views.ConfirmByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("account/security/", security_views.security, name="mfa_index"),  # where allauth leads after each change
    path("account/security/app/", factor_views.ActivateTOTP.as_view(), name="mfa_activate_totp"),
    path("account/security/app/remove/", factor_views.DeactivateTOTP.as_view(), name="mfa_deactivate_totp"),
    path("account/security/passkey/", factor_views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("account/security/passkey/<int:pk>/remove/", factor_views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("account/security/codes/", allauth_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/security/codes/new/", factor_views.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
]

own = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("set-up/<str:token>/", views.set_up, name="set_up"),
    path("account/learning/", views.learning, name="learning"),
    path("account/language/", views.language, name="language"),
    path("account/keys/", views.controls, name="controls"),
    path("account/keys/reset", views.reset_controls, name="reset_controls"),
    path("keys/", views.keys, name="keys"),
    path("account/security/quiet", security_views.quiet_hours, name="quiet_hours"),
    path("account/security/sign-ins/end-others", security_views.end_other_sign_ins, name="end_other_sign_ins"),
    path("account/security/sign-ins/<uuid:sign_in_id>/end", security_views.end_own_sign_in, name="end_own_sign_in"),
    path("people/", people_views.people, name="people"),
    path("people/invite", people_views.invite, name="invite"),
    path("people/invite/list", people_views.invite_list, name="invite_list"),
    path(
        "people/invitations/<uuid:invitation_id>/withdraw",
        people_views.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("people/<uuid:user_id>/", people_views.person, name="person"),
    path("people/<uuid:user_id>/roles", people_views.change_roles, name="change_roles"),
    path("people/<uuid:user_id>/generate", people_views.change_generate, name="change_generate"),
    path("people/<uuid:user_id>/deactivate", people_views.deactivate, name="deactivate"),
    path("people/<uuid:user_id>/reactivate", people_views.reactivate, name="reactivate"),
    path("people/<uuid:user_id>/second-factor/reset", people_views.reset_second_factor, name="reset_second_factor"),
    path("people/<uuid:user_id>/sign-ins/end", people_views.end_persons_sign_ins, name="end_persons_sign_ins"),
    path(
        "people/<uuid:user_id>/sign-ins/<uuid:sign_in_id>/end",
        people_views.end_persons_sign_in,
        name="end_persons_sign_in",
    ),
]

urlpatterns = [*sign_in, *second_factor, path("", include((own, "accounts")))]
