"""The drive that campaigns and scores share: it hands out work, commits what comes back, and reports progress.

It knows neither campaigns nor scores, only the protocol `Work` that both follow.
"""

from llamoco_data.drive.lease import Hold, holding
from llamoco_data.drive.loop import Driven, Step, Work, drive
from llamoco_data.drive.pace import DriveProgress, Pace, Spent

__all__ = ["DriveProgress", "Driven", "Hold", "Pace", "Spent", "Step", "Work", "drive", "holding"]
