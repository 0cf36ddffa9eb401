import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own in the system's place for temporary files. What is not removed goes when this process ends. */
export class TempDir {
	readonly path: string;

	/** Makes the folder; its name begins with `millrace-` and the prefix. */
	constructor(prefix = "test") {
		this.path = mkdtempSync(join(tmpdir(), `millrace-${prefix}-`));
		open.add(this);
		if (open.size === 1) process.once("exit", removeTempDirs);
	}

	/** The path of a file in the folder. */
	file(name: string): string {
		return join(this.path, name);
	}

	/** Removes the folder and what is in it. */
	remove(): void {
		open.delete(this);
		if (open.size === 0) process.off("exit", removeTempDirs);
		rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** Removes every folder that is still there: for `afterAll`, because test workers are ended without an exit. */
export function removeTempDirs(): void {
	for (const dir of [...open]) dir.remove();
}

const open = new Set<TempDir>();
