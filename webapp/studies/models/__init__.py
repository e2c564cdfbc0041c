from webapp.studies.models.plan import Allowance, Arm, Item, Output, Study
from webapp.studies.models.rated import Assignment, Comment, Rater, Rating, Report

__all__ = ["Allowance", "Arm", "Assignment", "Comment", "Item", "Output", "Rater", "Rating", "Report", "Study"]
