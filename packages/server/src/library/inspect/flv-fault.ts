import type { FlvInspection, Found } from "./flv-inspection.ts";
import { DURATION_TOLERANCE_MILLIS, type FaultKind, type FileFault } from "./media-report.ts";

/** Times that begin later than this are no offset of a muxer any more, in milliseconds. */
export const LATE_START_MILLIS = 1000;

/** What is wrong with an FLV file that was walked through. */
export function flvFaults(flv: FlvInspection): FileFault[] {
	const faults: FileFault[] = [];
	const add = (kind: FaultKind, text: string, how: { found?: Found; note?: boolean; repair?: boolean } = {}) => {
		const { found, note = false, repair = true } = how;
		const severity = note ? "note" : "fault";
		faults.push({ kind, severity, text, count: found?.count ?? 1, offset: found?.offset, canRepair: repair });
	};
	const { end, damage, wrongTails, backwards, unconfigured, changes, encrypted, timeline } = flv;
	if (flv.tracks.length === 0) add("empty", "It holds neither sound nor pictures.", { repair: false });
	if (end.tornBytes > 0) {
		const found = { count: 1, offset: end.wholeBytes } as Found;
		add("truncated", `The last ${bytes(end.tornBytes)} are no whole tag: the file was cut off.`, { found });
	}
	if (damage.count > 0) {
		const text = `${places(damage.count)} in the middle, ${bytes(flv.damagedBytes)}, hold no tags.`;
		add("damaged", text, { found: damage });
	}
	if (wrongTails.count > 0) {
		const text = `${tags(wrongTails.count)} a wrong PreviousTagSize behind ${wrongTails.count === 1 ? "it" : "them"}.`;
		add("previous-tag-size", text, { found: wrongTails });
	}
	const [firstPart] = timeline.partOffsets;
	if (firstPart !== undefined) {
		const found = { count: timeline.partOffsets.length, offset: firstPart } as Found;
		add("times-begin-anew", `Times begin anew in ${places(found.count)}: files were joined.`, { found });
	}
	if (backwards.count > 0) {
		const text = `Times go back by less than a second in ${places(backwards.count)}.`;
		add("times-go-back", text, { found: backwards, repair: false });
	}
	if ((timeline.base ?? 0) > LATE_START_MILLIS) {
		add("times-begin-late", `Times begin at ${seconds(timeline.base!)}.`, { note: true });
	}
	if (unconfigured.count > 0) {
		const text = `${unconfigured.count} frames come before the configuration of their codec, or there is none.`;
		add("no-configuration", text, { found: unconfigured, repair: false });
	}
	if (changes.count > 0) {
		const text = `The configuration of a codec changes in ${places(changes.count)}.`;
		add("configuration-changes", text, { found: changes, note: true, repair: false });
	}
	if (encrypted.count > 0) {
		add("encrypted", `${tags(encrypted.count)} encrypted content.`, { found: encrypted, repair: false });
	}
	addPictureFaults(flv, add);
	addMetadataFaults(flv, add);
	return faults;
}

type Add = (kind: FaultKind, text: string, how?: { note?: boolean; repair?: boolean }) => void;

function addPictureFaults({ tracks }: FlvInspection, add: Add): void {
	for (const { kind, keyframes, framesBeforeKey } of tracks) {
		if (kind !== "video" || framesBeforeKey === 0) continue;
		const which =
			keyframes === 0 ? "No picture is a keyframe." : `${framesBeforeKey} pictures before the first keyframe.`;
		add("no-keyframe", which, { repair: false });
	}
}

function addMetadataFaults(flv: FlvInspection, add: Add): void {
	const { metadata, durationMillis, file, index, tracks } = flv;
	if (tracks.length === 0) return;
	const hasIndexable = tracks.some(track => track.kind === "video" && track.trackId === 0 && track.keyframes > 1);
	if (metadata === undefined) {
		add("no-metadata", "There is no onMetaData: players do not know how long it is.");
		return;
	}
	const told = metadata["duration"];
	const base = flv.timeline.base ?? 0;
	const isNear = (millis: number) => Math.abs(millis - Number(told) * 1000) <= DURATION_TOLERANCE_MILLIS;
	if (typeof told !== "number" || !(isNear(durationMillis) || isNear(durationMillis + base))) {
		const says = typeof told === "number" ? `says ${seconds(told * 1000)}` : "says nothing";
		add("wrong-duration", `It lasts ${seconds(durationMillis)}, but its metadata ${says}.`);
	}
	const size = metadata["filesize"];
	if (typeof size === "number" && size !== file.size) {
		add("wrong-size", `It has ${bytes(file.size)}, but its metadata says ${size}.`, { note: true });
	}
	if (index.wrongEntries > 0) {
		add("wrong-index", `${index.wrongEntries} entries of its index name places where no such keyframe is.`);
	} else if (!index.isThere && hasIndexable) {
		add("no-index", "There is no index of keyframes: seeking has to search.", { note: true });
	}
}

const bytes = (count: number) => (count === 1 ? "1 byte" : `${count} bytes`);
const places = (count: number) => (count === 1 ? "1 place" : `${count} places`);
const tags = (count: number) => (count === 1 ? "1 tag has" : `${count} tags have`);
const seconds = (millis: number) => `${(millis / 1000).toFixed(3)} s`;
