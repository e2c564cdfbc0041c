"""Part of assistant/urls.py, under care/."""

from django.urls import path

from assistant.views import care

urlpatterns = [
    path("", care.care, name="care"),
    path("topics", care.choose_topics, name="choose_topics"),
    path("check-ins", care.check_in, name="check_in"),
    path("check-ins/<uuid:check_in_id>/share", care.share_check_in, name="share_check_in"),
    path("check-ins/<uuid:check_in_id>/delete", care.delete_check_in, name="delete_check_in"),
    path("talk", care.ask_to_talk, name="ask_to_talk"),
    path("talk/take-back", care.take_back_talk, name="take_back_talk"),
    path("pause", care.pause, name="pause"),
    path("go-on", care.go_on, name="go_on"),
    path("export", care.export_care, name="export_care"),
    path("erase", care.erase_care, name="erase_care"),
    path("supporters", care.supporters, name="supporters"),
    path("supporters/talk/<uuid:talk_id>", care.take_up_talk, name="take_up_talk"),
    path("supporters/check-ins/<uuid:check_in_id>", care.shared_check_in, name="shared_check_in"),
]
