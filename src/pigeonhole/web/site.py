"""Everything that the pages share, made once for a server."""

from collections.abc import Sequence
from pathlib import Path

from pigeonhole.labelling.desk import Desk
from pigeonhole.web.recogniser import Recogniser
from pigeonhole.web.thumbnails import Thumbnails
from pigeonhole.web.uploads import Uploads
from pigeonhole.workspace import Workspace


class Site:
    """`folders` are those that the user named: sorted folders, inboxes, folders of unsorted pictures."""

    def __init__(self, workspace: Workspace, folders: Sequence[Path]) -> None:
        """Raises a PigeonholeError where the pages cannot work."""
        self.workspace = workspace
        self.folders = tuple(folders)
        self.desk = Desk(workspace)
        self.uploads = Uploads(workspace.cache / "uploads")
        self.thumbnails = Thumbnails(workspace.cache / "thumbnails.sqlite")
        self.recogniser = Recogniser(workspace.model)

    def close(self) -> None:
        self.desk.close()
        self.recogniser.close()
        self.thumbnails.close()
        self.uploads.close()
