import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FileError } from "@millrace/core/fault";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import { type ApplicationPlace, type HostFolders, placeOf, type StreamName } from "../app/index.ts";
import { AddedDirectories } from "./added-directories.ts";
import { FlvSource, type FlvSourceOptions } from "./flv/flv-source.ts";
import { Gate } from "./gate.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { MediaCatalog } from "./media-catalog.ts";
import { type FileIdentity, identityOf, isAbsence, MediaFile, unreadable } from "./media-file.ts";
import {
	type ApplicationFolders,
	behindPrefix,
	type FoundFile,
	findFile,
	foldersOf,
	isFolder,
} from "./media-folders.ts";
import { type ListedFile, listFolders, listInstances } from "./media-list.ts";
import { exactCandidates, type MediaKind, type NameCandidate, nameCandidates } from "./media-name.ts";
import type { MediaSource } from "./media-source.ts";
import { Id3Source } from "./mp3/id3-source.ts";
import { Mp3Source } from "./mp3/mp3-source.ts";
import { Mp4Source } from "./mp4-source.ts";
import { PlainFile } from "./plain-file.ts";
import { SourceCache } from "./source-cache.ts";

/** How a library finds and opens files. */
export type MediaLibraryOptions = FlvSourceOptions & {
	/** The folder with one folder for each application. */
	applicationsFolder: string;
	/** The same of virtual hosts. Default: there are none. */
	hostFolders?: HostFolders | undefined;
	/** What the configuration says for an application; `undefined`: nothing. Default: nothing for all. */
	foldersOf?: (application: string) => ApplicationFolders | undefined;
	/** The file that our recorder is writing at this path. Default: none. */
	growing?: (path: string) => GrowingFile | undefined;
	/**
	 * Whether our recorder has finished the file at this path, and made it so many bytes long: nobody waits then for it to
	 * grow, as for a file of others that was written just now. Default: of none.
	 */
	isFinished?: (path: string, bytes: number) => boolean;
	/** How long a file stays open after the last viewer left, in milliseconds. Default 5000. */
	keepMillis?: number;
};

/** One playable file of a list. */
export type MediaListing = {
	/** `_definst_` where none was named. */
	readonly instance: string;
	/** To be played, with its prefix where it needs one. */
	readonly name: string;
	/** Its path with the extension, by which `openFile` opens it. */
	readonly file: string;
	readonly kind: Exclude<MediaKind, "id3">;
	readonly bytes: number;
	/** When it was last written, in milliseconds since 1970. */
	readonly modifiedMillis: number;
	/** It is being recorded here. */
	readonly isGrowing: boolean;
	/** Its length in milliseconds, found out when it is asked for; `undefined`: it cannot be played, or has gone. */
	lengthMillis(): Promise<number | undefined>;
};

const NO_FOLDERS: ApplicationFolders = { directories: [], followLinks: false };
/** Files of which something is remembered beyond their being open. */
const MAX_REMEMBERED = 4096;
/** Files that are opened at once to find out their lengths. */
const LENGTHS_AT_ONCE = 8;

/** The files of the applications' folders. */
export class MediaLibrary implements MediaCatalog {
	readonly #options: MediaLibraryOptions;
	readonly #cache: SourceCache;
	readonly #added: AddedDirectories;
	/** In which state a file was opened last. */
	readonly #current = new Map<string, string>();
	readonly #growingKeys = new WeakMap<GrowingFile, string>();
	#growingCount = 0;
	/** Lengths of files in a certain state, in milliseconds. */
	readonly #lengths = new Map<string, number>();
	readonly #lengthGate = new Gate(LENGTHS_AT_ONCE);

	constructor(options: MediaLibraryOptions) {
		this.#options = options;
		this.#cache = new SourceCache(options.keepMillis ?? 5000);
		this.#added = new AddedDirectories(application => {
			const { root, name } = this.#placeOf(application);
			return resolve(root, name);
		});
	}

	/**
	 * Has an application's names that begin with a prefix looked up in one more folder, which lies in the application's
	 * own and is given from there; with a virtual key, only for clients that have it. False: it does not, or there are too
	 * many. Rejects with the system's errors.
	 */
	addDirectory(application: string, prefix: string, folder: string, virtualKey = ""): Promise<boolean> {
		return this.#added.add(application, { prefix, folder, virtualKey });
	}

	/** How many files are open. */
	get openFiles(): number {
		return this.#cache.size;
	}

	async open(name: StreamName, virtualKey?: string): Promise<MediaSource | undefined> {
		const found = await this.#find(name, nameCandidates(name.name), virtualKey);
		return found === undefined ? undefined : this.#hold(found);
	}

	async lengthMillis(name: StreamName, virtualKey?: string): Promise<number | undefined> {
		const found = await this.#find(name, nameCandidates(name.name), virtualKey);
		return found === undefined ? undefined : this.#lengthOf(found);
	}

	/**
	 * Opens a media file as it lies on the disk, by its path with the extension (`films/old.mp4`) in the folders in which
	 * names are looked up. The caller closes it. `undefined` as for `open`.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async openFile(name: StreamName): Promise<PlainFile | undefined> {
		const found = await this.#find(name, exactCandidates(name.name));
		if (found === undefined) return undefined;
		const { growing } = found;
		if (growing !== undefined) return new PlainFile(await MediaFile.open(growing.path), growing);
		return new PlainFile(await MediaFile.open(found.file.path, found.followLinks), undefined);
	}

	/**
	 * What a list says of the file that `open` would play; `undefined` as there.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async describe(name: StreamName, virtualKey?: string): Promise<MediaListing | undefined> {
		const found = await this.#find(name, nameCandidates(name.name), virtualKey);
		if (found === undefined) return undefined;
		if (found.growing === undefined) return this.#listing(name.instance, name.name, found, found.file.identity);
		const { path } = found.growing;
		try {
			return this.#listing(name.instance, name.name, found, identityOf(await stat(path)));
		} catch (error) {
			if (isAbsence(error)) return undefined;
			throw unreadable(path, error);
		}
	}

	/**
	 * The files that an application can play: of its default instance by name, then what was recorded of the others; or
	 * those that one instance can play. Folders and files beyond a limit are left out.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	async list(application: string, instance?: string): Promise<MediaListing[]> {
		const { directories, followLinks } = this.#foldersOf(application);
		const { root, name } = this.#placeOf(application);
		const folders = foldersOf(root, name, instance ?? DEFAULT_INSTANCE, directories);
		const own = folders.length === 0 || instance !== undefined ? undefined : join(resolve(root, name), "streams");
		const [files, others] = await Promise.all([
			listFolders(folders, followLinks),
			own === undefined ? [] : listInstances(own, DEFAULT_INSTANCE, followLinks),
		]);
		const listing = (of: string, file: ListedFile) =>
			this.#listing(of, file.name, this.#foundListed(file, followLinks), file.identity);
		return [
			...files.map(file => listing(instance ?? DEFAULT_INSTANCE, file)),
			...others.map(file => listing(file.instance, file)),
		];
	}

	/** Closes every file that nobody plays, and the others as they are released. */
	close(): void {
		this.#cache.close();
	}

	#placeOf(application: string): ApplicationPlace {
		return placeOf(application, this.#options.applicationsFolder, this.#options.hostFolders);
	}

	#foldersOf(application: string): ApplicationFolders {
		return this.#added.joined(application, this.#options.foldersOf?.(application) ?? NO_FOLDERS);
	}

	async #find(
		{ application, instance }: StreamName,
		candidates: readonly NameCandidate[],
		virtualKey?: string,
	): Promise<Found | undefined> {
		const { directories, followLinks } = this.#foldersOf(application);
		if (candidates.length === 0) return undefined;
		const { root, name } = this.#placeOf(application);
		for (const { prefix, folder } of foldersOf(root, name, instance, directories, virtualKey)) {
			const wanted = candidates.flatMap(({ path, kind }) => {
				const rest = behindPrefix(path, prefix);
				return rest === undefined ? [] : { path, kind, rest };
			});
			// Where nothing was recorded there is none: one question in place of one for each file that the name may mean.
			if (wanted.length === 0 || !(await isFolder(folder))) continue;
			for (const { path, kind, rest } of wanted) {
				const recorded = resolve(folder, rest);
				const growing = kind === "flv" ? this.#growing(recorded) : undefined;
				if (growing !== undefined) return { growing, path, kind };
				const file = await findFile(folder, rest, followLinks);
				if (file !== undefined) return { growing, file, path, kind, followLinks, recorded };
			}
		}
		return undefined;
	}

	/** A recording, once it has a file: until then, the path may lead to the file that it will replace. */
	#growing(path: string): GrowingFile | undefined {
		const growing = this.#options.growing?.(path);
		return growing !== undefined && growing.readableBytes > 0 ? growing : undefined;
	}

	#hold(found: Found): Promise<MediaSource> {
		if (found.growing !== undefined) {
			const { growing } = found;
			return this.#cache.hold(this.#growingKey(growing), async () =>
				FlvSource.openGrowing(await MediaFile.open(growing.path), growing),
			);
		}
		return this.#cache.hold(this.#fileKey(found), () => this.#open(found));
	}

	/** A file that is replaced or written anew is another one: those who play it keep the old one. */
	#fileKey({ file, kind }: FoundOnDisk): string {
		const { path, identity } = file;
		const place = `${kind}:${path}:${identity.file}`;
		const current = this.#current.get(place);
		// What grows while it is played stays one file.
		if (current !== undefined && this.#cache.peek(current)?.isGrowing === true) return current;
		const key = `${place}:${identity.size}:${identity.modifiedMillis}`;
		if (this.#current.size >= MAX_REMEMBERED) this.#current.clear();
		this.#current.set(place, key);
		return key;
	}

	/** A recording that is taken up again under the same path is another one. */
	#growingKey(growing: GrowingFile): string {
		let key = this.#growingKeys.get(growing);
		if (key === undefined) {
			key = `growing:${++this.#growingCount}`;
			this.#growingKeys.set(growing, key);
		}
		return key;
	}

	async #open({ file: { path }, kind, followLinks, recorded }: FoundOnDisk): Promise<MediaSource> {
		const file = await MediaFile.open(path, followLinks);
		if (kind === "flv") {
			const isFinished = this.#options.isFinished?.(recorded, file.size) ?? false;
			return FlvSource.open(file, isFinished ? { ...this.#options, quietMillis: 0 } : this.#options);
		}
		if (kind === "mp3") return Mp3Source.open(file);
		if (kind === "id3") return Id3Source.open(file);
		return Mp4Source.open(file);
	}

	async #lengthOf(found: Found): Promise<number> {
		if (found.growing !== undefined) return found.growing.durationMillis;
		const { path, identity } = found.file;
		const key = `${found.kind}:${path}:${identity.file}:${identity.size}:${identity.modifiedMillis}`;
		const known = this.#lengths.get(key);
		if (known !== undefined) return known;
		return this.#lengthGate.run(async () => {
			const source = await this.#hold(found);
			const { durationMillis, isGrowing } = source;
			source.release();
			if (isGrowing) return durationMillis;
			if (this.#lengths.size >= MAX_REMEMBERED) this.#lengths.clear();
			this.#lengths.set(key, durationMillis);
			return durationMillis;
		});
	}

	#foundListed(file: ListedFile, followLinks: boolean): Found {
		const { kind, relative: path } = file;
		const growing = kind === "flv" ? this.#growing(file.joined) : undefined;
		const recorded = file.joined;
		return growing === undefined ? { growing, file, path, kind, followLinks, recorded } : { growing, path, kind };
	}

	#listing(instance: string, name: string, found: Found, { size, modifiedMillis }: FileIdentity): MediaListing {
		const { growing, path, kind } = found;
		return {
			instance,
			name,
			file: path,
			kind: kind === "id3" ? "mp3" : kind,
			bytes: growing?.readableBytes ?? size,
			modifiedMillis,
			isGrowing: growing !== undefined,
			lengthMillis: () => this.#listedLength(found),
		};
	}

	async #listedLength(found: Found): Promise<number | undefined> {
		try {
			return await this.#lengthOf(found);
		} catch (error) {
			// A list says of a broken file that its length is not known; who plays it is told why.
			if (error instanceof FileError) return undefined;
			throw error;
		}
	}
}

/** What a name leads to, with the path among the names of the application, and the extension. */
type FoundPlace = { readonly path: string; readonly kind: MediaKind };
type FoundOnDisk = FoundPlace & {
	readonly growing: undefined;
	readonly file: FoundFile;
	readonly followLinks: boolean;
	/** Where our recorder would have put it. */
	readonly recorded: string;
};
type Found = FoundOnDisk | (FoundPlace & { readonly growing: GrowingFile });
