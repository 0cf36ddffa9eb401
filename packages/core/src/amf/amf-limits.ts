/** How much one message may make the decoder do. Counts and lengths are besides always held against the bytes left. */
export type AmfLimits = {
	/** Containers inside containers; a top-level object is at depth 1. More: `AMF_TOO_DEEP`. */
	readonly depth: number;
	/** Values of any kind, and declared members of AMF3 classes. More: `AMF_TOO_MANY_VALUES`. */
	readonly values: number;
	/** Bytes of a member's name. More: `AMF_KEY_TOO_LONG`. */
	readonly keyBytes: number;
};

/** The limits once a connection is accepted, and for files. */
export const AMF_LIMITS: AmfLimits = { depth: 64, values: 100_000, keyBytes: 65_535 };

/** The limits for a peer that has not been accepted yet. */
export const AMF_LIMITS_BEFORE_CONNECT: AmfLimits = { depth: 32, values: 4_096, keyBytes: 4_096 };
