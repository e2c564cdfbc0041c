from django.urls import path

from webapp.studies.views import raters, researchers, study_reports

app_name = "studies"

urlpatterns = [
    # Raters
    path("rate/", raters.rate, name="rate"),
    path("rate/<uuid:study_id>/", raters.study, name="rate_study"),
    path("rate/<uuid:study_id>/consent", raters.consent, name="rate_consent"),
    path("rate/<uuid:study_id>/training", raters.training, name="rate_training"),
    path("rate/<uuid:study_id>/withdraw", raters.withdraw, name="rate_withdraw"),
    path("rate/texts/<uuid:assignment_id>/", raters.text, name="rate_text"),
    path("rate/texts/<uuid:assignment_id>/skip", raters.skip, name="rate_skip"),
    path("rate/texts/<uuid:assignment_id>/comment", raters.comment, name="rate_comment"),
    path(
        "rate/texts/<uuid:assignment_id>/comments/<uuid:comment_id>/delete",
        raters.delete_comment,
        name="rate_delete_comment",
    ),
    path("rate/texts/<uuid:assignment_id>/feedback", raters.feedback, name="rate_feedback"),
    path("rate/texts/<uuid:assignment_id>/pause", raters.pause, name="rate_pause"),
    # Researchers
    path("research/", researchers.studies, name="research"),
    path("research/new", researchers.start_study, name="research_start"),
    path("research/<uuid:study_id>/", researchers.study, name="research_study"),
    path("research/<uuid:study_id>/question", researchers.question, name="research_question"),
    path("research/<uuid:study_id>/arms", researchers.arms, name="research_arms"),
    path("research/<uuid:study_id>/arms/<slug:arm_key>/remove", researchers.remove_arm, name="research_remove_arm"),
    path("research/<uuid:study_id>/items", researchers.items, name="research_items"),
    path("research/<uuid:study_id>/pick", researchers.pick, name="research_pick"),
    path("research/<uuid:study_id>/write", researchers.write_outputs, name="research_write"),
    path("research/<uuid:study_id>/writing", researchers.writing, name="research_writing"),
    path("research/<uuid:study_id>/items/<uuid:study_item_id>/", researchers.item, name="research_item"),
    path(
        "research/<uuid:study_id>/items/<uuid:study_item_id>/remove",
        researchers.remove_item,
        name="research_remove_item",
    ),
    path("research/<uuid:study_id>/outputs/<uuid:output_id>/allow", researchers.allow_output, name="research_allow"),
    path(
        "research/<uuid:study_id>/outputs/<uuid:output_id>/leave-out", researchers.leave_out, name="research_leave_out"
    ),
    path("research/<uuid:study_id>/size", researchers.size, name="research_size"),
    path("research/<uuid:study_id>/promise", researchers.promise, name="research_promise"),
    path("research/<uuid:study_id>/consent", researchers.consent, name="research_consent"),
    path("research/<uuid:study_id>/raters", researchers.raters, name="research_raters"),
    path(
        "research/<uuid:study_id>/raters/<int:rater_number>/remove",
        researchers.remove_rater,
        name="research_remove_rater",
    ),
    path("research/<uuid:study_id>/check", researchers.check, name="research_check"),
    path("research/<uuid:study_id>/open", researchers.open_study, name="research_open"),
    path("research/<uuid:study_id>/pause", researchers.pause, name="research_pause"),
    path("research/<uuid:study_id>/resume", researchers.resume, name="research_resume"),
    path("research/<uuid:study_id>/close", researchers.close, name="research_close"),
    path("research/<uuid:study_id>/erase", researchers.erase, name="research_erase"),
    path("research/<uuid:study_id>/plan.json", study_reports.plan, name="research_plan"),
    path("research/<uuid:study_id>/study.json", study_reports.study_file, name="research_export"),
    path("research/<uuid:study_id>/texts.json", study_reports.texts_file, name="research_texts"),
    path("research/<uuid:study_id>/report", study_reports.for_deciding, name="research_report"),
    path("research/<uuid:study_id>/report/state", study_reports.state, name="research_report_state"),
    path("research/<uuid:study_id>/report/check", study_reports.for_checking, name="research_report_check"),
    path("research/<uuid:study_id>/report/make", study_reports.make, name="research_make_report"),
    path("research/<uuid:study_id>/report/plots/<slug:plot>.svg", study_reports.plot, name="research_plot"),
]
