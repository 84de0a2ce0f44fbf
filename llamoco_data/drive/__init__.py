"""One drive for whoever has runs to make: it hands out work, commits what comes back, and says how far it is.

It knows neither campaigns nor scores: both are the work that it asks for the next task and tells what came back.
"""

from llamoco_data.drive.lease import Hold, holding
from llamoco_data.drive.loop import Driven, Step, Work, drive
from llamoco_data.drive.pace import DriveProgress, Pace, Spent

__all__ = ["DriveProgress", "Driven", "Hold", "Pace", "Spent", "Step", "Work", "drive", "holding"]
