import type { StreamName } from "../app/index.ts";
import type { MediaSource } from "./media-source.ts";

/** Where the names of recordings and on-demand files are looked up. */
export interface MediaCatalog {
	/**
	 * Opens what a name means: `sample`, `flv:sample`, `mp4:folder/film.mp4`, `mp3:song`, … The caller releases it.
	 * `undefined`: there is no such file, or the name does not stay within the media folders.
	 *
	 * @throws {FileError} where there is a file that cannot be played
	 */
	open(name: StreamName): Promise<MediaSource | undefined>;
	/** The length of what a name means, in milliseconds, without opening it for playing; `undefined` as for `open`. */
	lengthMillis(name: StreamName): Promise<number | undefined>;
}
