/** What reading one MP4 file may cost. Past any of these a file is refused with `FILE_TOO_COMPLEX`. */
export type Mp4Limits = {
	/** The bytes of the `moov` box, which is held in memory while the file is indexed. Default 64 MiB. */
	readonly movieBoxBytes: number;
	/** The bytes of one `moof` box. Default 8 MiB. */
	readonly fragmentBoxBytes: number;
	/** The boxes at the top of the file. Default 1,000,000. */
	readonly topLevelBoxes: number;
	/** The boxes that are read inside one other. Default 10,000. */
	readonly boxesInside: number;
	/** The `moof` boxes. Default 200,000. */
	readonly fragments: number;
	/** The tracks, played or not. Default 64. */
	readonly tracks: number;
	/** The sample descriptions of one track; there is no room for more than 127. Default 100. */
	readonly sampleDescriptions: number;
	/** The samples of all tracks that are played; each takes 10 to 20 bytes of memory. Default 10,000,000. */
	readonly samples: number;
	/** The bytes of one sample; a message has no room for more than 16,777,000. Default 16,000,000. */
	readonly sampleBytes: number;
};

/** The limits where nothing else is said. */
export const MP4_LIMITS: Mp4Limits = {
	movieBoxBytes: 64 * 1024 * 1024,
	fragmentBoxBytes: 8 * 1024 * 1024,
	topLevelBoxes: 1_000_000,
	boxesInside: 10_000,
	fragments: 200_000,
	tracks: 64,
	sampleDescriptions: 100,
	samples: 10_000_000,
	sampleBytes: 16_000_000,
};
