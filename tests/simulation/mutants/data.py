"""Rules of data: what is sealed, what counts as kept, what may be removed or gone on with."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.checkpoints import checkpoints, garbage
from sessionlib.checkpoints.manifest import Blob
from sessionlib.checkpoints.save import upload
from sessionlib.checkpoints.store_names import MAX_NUMBER, CheckpointNumber, blob_key, blob_number
from sessionlib.core import learn_copies
from sessionlib.core.actions import Action, SetGoal
from sessionlib.core.events import Sealed
from sessionlib.core.rules import common, primary, stepping_down
from sessionlib.core.rules.common import RuleContext
from sessionlib.core.values import Instant, Lease
from sessionlib.core.view import Data, DataState, View
from sessionlib.core.work import Aim, Goal
from sessionlib.ports import Store
from tests.simulation import disks
from tests.simulation.faults import BUSY, DEADLY, PLAIN, ROUGH
from tests.simulation.mutants.kinds import Mutant, Patch


def offer_without_a_seal(patch: Patch) -> None:
    plain = stepping_down._seal_and_give_up

    def give_up(moment: RuleContext, lease: Lease) -> tuple[Action, ...]:
        data = replace(moment.view.data, is_sealed=True)
        return plain(replace(moment, view=replace(moment.view, data=data)), lease)

    patch.set(stepping_down, "_seal_and_give_up", give_up)


def seal_of_an_earlier_stop(patch: Patch) -> None:
    def sealed(view: View, event: Sealed, now: Instant) -> View:
        if event.why is not None:
            return view
        data = replace(view.data, state=DataState.IDLE, sealed=event.pointer, is_sealed=True)
        return replace(view, data=data)

    def unsealed(data: Data) -> Data:
        state = DataState.IDLE if data.state is DataState.SEALING else data.state
        return replace(data, state=state)

    patch.set(learn_copies, "sealed", sealed)
    patch.set(learn_copies, "unsealed", unsealed)


def start_before_the_data_is_there(patch: Patch) -> None:
    plain = common.holder_goal

    def holder_goal(moment: RuleContext) -> SetGoal:
        goal = plain(moment)
        view = moment.view
        if goal.goal.aim is Aim.WARM and view.tenure is not None:
            return SetGoal(Goal(Aim.SERVE, view.tenure.epoch))
        return goal

    patch.set(primary, "holder_goal", holder_goal)


def counted_as_kept_on_upload(patch: Patch) -> None:
    def put(sender: upload.Uploader, blob: Blob, data: bytes) -> None:
        sender._store.put(blob_key(blob.name), data)

    patch.set(upload.Uploader, "_put", put)


def reused_blobs_removed(patch: Patch) -> None:
    plain = garbage._unneeded

    def unneeded(store: Store, newest: CheckpointNumber, needed: set[str]) -> list[str]:
        new = {name for name in needed if blob_number(name) == newest}
        return plain(store, newest, new)

    patch.set(garbage, "_unneeded", unneeded)


def newer_uploads_removed(patch: Patch) -> None:
    plain = garbage._unneeded

    def unneeded(store: Store, newest: CheckpointNumber, needed: set[str]) -> list[str]:
        return plain(store, CheckpointNumber(MAX_NUMBER, MAX_NUMBER), needed)

    patch.set(garbage, "_unneeded", unneeded)


def restored_over_newer_data(patch: Patch) -> None:
    for where in (checkpoints, disks):
        patch.set(where, "may_continue", lambda found, wanted: False)


def went_on_with_old_data(patch: Patch) -> None:
    for where in (checkpoints, disks):
        patch.set(where, "may_continue", lambda found, wanted: found is not None)


ON_FILES = {"on_files": True}
COPIES = {"on_files": True, "policy": {"copy_every_s": 20}}

DATA = (
    Mutant("offer_without_a_seal", offer_without_a_seal, BUSY),
    Mutant("seal_of_an_earlier_stop", seal_of_an_earlier_stop, BUSY, first=25),
    Mutant("start_before_the_data_is_there", start_before_the_data_is_there, ROUGH),
    Mutant("counted_as_kept_on_upload", counted_as_kept_on_upload, PLAIN, fleet=ON_FILES),
    Mutant("reused_blobs_removed", reused_blobs_removed, PLAIN, fleet=COPIES),
    Mutant("restored_over_newer_data", restored_over_newer_data, DEADLY),
    Mutant("went_on_with_old_data", went_on_with_old_data, DEADLY),
    Mutant("newer_uploads_removed", newer_uploads_removed, DEADLY, fleet=COPIES, first=280),
)
