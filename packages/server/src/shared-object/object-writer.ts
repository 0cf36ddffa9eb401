import type { SharedObjectState } from "@millrace/core/shared-object";

/** What is written, and who is told. */
export interface WrittenObject {
	/** What is to be written now. */
	readonly state: SharedObjectState;
	/** That version is on the disk. */
	onSaved(version: number): void;
	/** Writing failed; it is tried again. */
	onSaveFailed(error: unknown): void;
}

/** After a failure the next try waits this many times as long. */
const FAILURE_FACTOR = 5;

/** Writes one object: some time after a change, and never twice at once. */
export class ObjectWriter {
	/** Whose state is written. */
	object: WrittenObject;
	readonly #write: (state: SharedObjectState) => Promise<void>;
	readonly #delayMillis: number;
	/** Changed since the state was last taken. */
	#isDue = false;
	#running: Promise<void> | undefined;
	#timer: NodeJS.Timeout | undefined;

	constructor(object: WrittenObject, write: (state: SharedObjectState) => Promise<void>, delayMillis: number) {
		this.object = object;
		this.#write = write;
		this.#delayMillis = delayMillis;
	}

	/** What is newer than the disk, or may be; `undefined`: the disk has everything. */
	get pending(): SharedObjectState | undefined {
		return this.#isDue || this.#running !== undefined ? this.object.state : undefined;
	}

	/** The object has changed. */
	mark(): void {
		this.#isDue = true;
		if (this.#running === undefined) this.#plan(this.#delayMillis);
	}

	/** Resolves when all changes so far are on the disk. Rejects where that failed. */
	async flush(): Promise<void> {
		while (this.#running !== undefined && this.#isDue) {
			// What it wrote is old already; if it fails, the next try tells.
			await this.#running.catch(ignored);
		}
		if (this.#running !== undefined) return this.#running;
		if (this.#isDue) return this.#run();
	}

	/** Writes nothing more; resolves when a write that is under way has ended. */
	async cancel(): Promise<void> {
		this.#isDue = false;
		clearTimeout(this.#timer);
		this.#timer = undefined;
		await this.#running?.catch(ignored);
	}

	#plan(millis: number): void {
		if (this.#timer !== undefined) return;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#run().catch(error => this.object.onSaveFailed(error));
		}, millis);
	}

	#run(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#isDue = false;
		const running = this.#save();
		this.#running = running;
		return running;
	}

	async #save(): Promise<void> {
		let delay = this.#delayMillis;
		try {
			const { state } = this.object;
			await this.#write(state);
			this.#running = undefined;
			this.object.onSaved(state.version);
		} catch (error) {
			this.#isDue = true;
			delay *= FAILURE_FACTOR;
			throw error;
		} finally {
			this.#running = undefined;
			if (this.#isDue) this.#plan(delay);
		}
	}
}

/** Whoever flushes is told of the failure that concerns it. */
function ignored(): void {}
