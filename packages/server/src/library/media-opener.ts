import { FileError } from "@millrace/core/fault";
import { type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import { StreamName } from "../app/index.ts";
import type { Hub } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { MediaCatalog } from "./media-catalog.ts";
import type { MediaSource } from "./media-source.ts";

/** What somebody wants to play. */
export type MediaWish = {
	/** Without prefix and query. */
	readonly name: StreamName;
	/** `mp4`, `flv`, … or empty. */
	readonly prefix: string;
	/** −2000: live or recorded, −1000: live only, 0 and more: recorded, from there. */
	readonly startMillis: number;
	/** Also looks in the folders that are only for clients with this key. Default: the opener's. */
	readonly virtualKey?: string;
};

/** What a wish turns out to be. `live` may be waited for; a file's source is the receiver's to release. */
export type OpenedMedia =
	| { readonly kind: "live"; readonly isPublished: boolean }
	| { readonly kind: "file"; readonly source: MediaSource }
	| { readonly kind: "refused"; readonly status: NetStatus };

/** Finds out what names mean: what is live comes before what is recorded, unless a time is asked for. */
export class MediaOpener {
	readonly #hub: Hub;
	readonly #catalog: MediaCatalog | undefined;
	readonly #hasLive: (application: string) => boolean;
	readonly #log: EventLog;
	readonly #virtualKey: () => string;
	/** Files of which it was told what is wrong with them. */
	readonly #told = new Set<string>();

	/**
	 * @param hasLive whether a stream of that application that is not there may come
	 * @param virtualKey the virtual key of whoever plays, at this moment. Default: none
	 */
	constructor(
		hub: Hub,
		catalog: MediaCatalog | undefined,
		hasLive: (application: string) => boolean,
		log: EventLog,
		virtualKey: () => string = () => "",
	) {
		this.#hub = hub;
		this.#catalog = catalog;
		this.#hasLive = hasLive;
		this.#log = log;
		this.#virtualKey = virtualKey;
	}

	/** Calls `onOpened` once: before it returns where no file has to be looked for. */
	open(wish: MediaWish, onOpened: (opened: OpenedMedia) => void): void {
		const { name, startMillis } = wish;
		const isPublished = this.#hub.find(name.key)?.isLive === true;
		const live: OpenedMedia = this.#hasLive(name.application)
			? { kind: "live", isPublished }
			: refused("NetStream.Play.StreamNotFound", name);
		if (startMillis === -1000 || (startMillis < 0 && isPublished)) {
			onOpened(live);
			return;
		}
		// From a time on means a recording. Players that always send 0 still get what is live and is not recorded.
		const otherwise = startMillis < 0 || isPublished ? live : refused("NetStream.Play.StreamNotFound", name);
		if (this.#catalog === undefined) {
			onOpened(otherwise);
			return;
		}
		this.#catalog
			.open(catalogName(wish), wish.virtualKey ?? this.#virtualKey())
			.then(
				(source): OpenedMedia => {
					if (source === undefined) return otherwise;
					this.#tellFlaws(name, source);
					return { kind: "file", source };
				},
				(error): OpenedMedia => ({ kind: "refused", status: this.faultStatus(name, error) }),
			)
			.then(onOpened)
			.catch(error => this.#log.error("fault", { stream: String(name), error }));
	}

	/** Once for each file, however often somebody plays it. */
	#tellFlaws(name: StreamName, { path, flaws = [] }: MediaSource): void {
		if (flaws.length === 0 || this.#told.has(path)) return;
		if (this.#told.size >= MAX_TOLD) this.#told.clear();
		this.#told.add(path);
		this.#log.warn("file-damaged", { stream: String(name), path, text: flaws.join(" ") });
	}

	/** The status for a file that cannot be played (on); it is logged. */
	faultStatus(name: StreamName, error: unknown): NetStatus {
		const code = error instanceof FileError ? error.code : undefined;
		const status = (code === undefined ? undefined : FAULT_STATUS[code]) ?? "NetStream.Play.Failed";
		// What is not a fault of the file is one of ours.
		if (code === undefined) this.#log.error("fault", { stream: String(name), error });
		else this.#log.warn("play-failed", { stream: String(name), reason: code, text: (error as FileError).message });
		return netStatus(status, `${name.name} cannot be played.`);
	}
}

/** The name under which the catalog knows something: with its prefix. */
export function catalogName({ name, prefix }: Pick<MediaWish, "name" | "prefix">): StreamName {
	if (prefix === "") return name;
	return new StreamName(name.application, name.instance, `${prefix}:${name.name}`);
}

/** So many files are remembered for one player. */
const MAX_TOLD = 256;

const FAULT_STATUS: Readonly<Record<string, StatusCode>> = {
	FILE_INVALID: "NetStream.Play.FileStructureInvalid",
	FILE_TOO_COMPLEX: "NetStream.Play.FileStructureInvalid",
	FILE_NO_TRACK: "NetStream.Play.NoSupportedTrackFound",
};

function refused(code: StatusCode, name: StreamName): OpenedMedia {
	return { kind: "refused", status: netStatus(code, `${name.name} was not found.`) };
}
