from webapp.studies.models.plan import Arm, Item, Output, Study
from webapp.studies.models.rated import Assignment, Comment, Rater, Rating, Report

__all__ = ["Arm", "Assignment", "Comment", "Item", "Output", "Rater", "Rating", "Report", "Study"]
