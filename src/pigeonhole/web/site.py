"""Everything that the pages share, made once for a server."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pigeonhole.errors import ModelError, OutputError
from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Decision, State
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.questions.learner import Learner
from pigeonhole.web.command import Command
from pigeonhole.web.looking import Looking
from pigeonhole.web.recogniser import Recogniser
from pigeonhole.web.thumbnails import Thumbnails
from pigeonhole.web.uploads import Uploads
from pigeonhole.workspace import Workspace


class Site:
    """`folders` are those that the user named: sorted folders, inboxes, folders of unsorted pictures."""

    def __init__(self, workspace: Workspace, folders: Sequence[Path]) -> None:
        """Raises a PigeonholeError where the pages cannot work."""
        self.desk = Desk(workspace, folders)
        workspace = self.workspace = self.desk.workspace
        self.uploads = Uploads(workspace.cache / "uploads")
        self.thumbnails = Thumbnails(workspace.cache / "thumbnails.sqlite")
        self.recogniser = Recogniser(workspace.model)
        self.catalogue = Catalogue(folders, workspace.data)
        self.learner = Learner(self.desk, self.catalogue)
        root = str(workspace.root)
        self.training = Command(["train", root], self.look_again)
        self.checking = Command(["check", root, "--json"], self.look_again)
        self._looking = Looking(self._look)
        self.desk.listen(self._heard)  # last: what a killed process left is being carried out already
        self.learner.start()

    def look_again(self) -> None:
        """There may be new pictures, a new model, new categories; they are looked for behind the page's back."""
        self._looking.request()

    def wait_for_first_look(self) -> None:
        """Until it is known what is there."""
        self._looking.first.wait()

    @property
    def trouble(self) -> str:
        """Why a folder cannot be looked at, empty where it can."""
        return self._looking.trouble

    def _look(self) -> None:
        self.catalogue.refresh()
        self.desk.know_categories(picture.category for picture in self.catalogue.all() if picture.category)
        with suppress(ModelError):  # what is wrong with it is said where it is used
            self.desk.know_categories(self.recogniser.labels())
        self.learner.look_again()

    def _heard(self, decision: Decision) -> None:
        """What was taken back stands again where it was, which may be unknown since the server was started. What was
        decided on before it was looked at is looked at among the training pictures.
        """
        if decision.state is State.DONE and decision.category and decision.sha256 not in self.learner.table:
            self.look_again()
        if decision.state is State.UNDONE:
            with suppress(OutputError):  # it is said where the page is loaded
                self.catalogue.has_returned(decision.path, (each for each in decision.left if each != decision.path))

    def close(self) -> None:
        self._looking.close()
        self.training.close()
        self.checking.close()
        self.learner.close()
        self.desk.close()
        self.recogniser.close()
        self.thumbnails.close()
        self.uploads.close()
