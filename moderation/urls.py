from django.urls import path

from moderation.views import case, quality, queue, replays, reviews
from moderation.views.reviews import or_flag

app_name = "moderation"
urlpatterns = [
    path("", queue.queue_page, name="queue"),
    path("rows", queue.queue_rows, name="queue_rows"),
    path("flags/<uuid:flag_id>/", or_flag(reviews.show, case.flag), name="flag"),
    path("flags/<uuid:flag_id>/claim", or_flag(reviews.claim, case.claim), name="claim"),
    path("flags/<uuid:flag_id>/end-claim", or_flag(reviews.end_claim, case.end_claim), name="end_claim"),
    path("flags/<uuid:flag_id>/decide", or_flag(reviews.decide, case.decide), name="decide"),
    path("flags/<uuid:flag_id>/golden", quality.mark_golden, name="mark_golden"),
    path("my-reviews/", reviews.my_reviews, name="my_reviews"),
    path("quality/", quality.quality, name="quality"),
    path("quality/golden", quality.write_golden, name="write_golden"),
    path("quality/golden/<uuid:item_id>/retire", quality.retire_golden, name="retire_golden"),
    path("replays/", replays.replays, name="replays"),
    path("replays/<uuid:replay_id>/", replays.replay, name="replay"),
]
