/** Random access to a file's bytes: what a reader of MP4 asks for. */
export interface ByteSource {
	/** In bytes. */
	readonly size: number;
	/**
	 * The bytes from `offset` on; fewer than `length` only where the file ends. They belong to the caller.
	 *
	 * @param into memory for them, at least `length` bytes. Default: memory of their own.
	 */
	read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}
