import { copyFileSync, mkdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { ServerProcess } from "@millrace/testkit";

/** A whole server with a folder of applications of its own: `live`, which records, and `vod`. */
export class FileServer {
	readonly process: ServerProcess;
	/** The folder of the applications. */
	readonly folder: string;

	private constructor(process: ServerProcess, folder: string) {
		this.process = process;
		this.folder = folder;
	}

	/** Starts a server. What the folder holds stays when it ends. `settings` are `--set` values. */
	static async start(folder: string, settings: readonly string[] = []): Promise<FileServer> {
		mkdirSync(join(folder, "vod", "media"), { recursive: true });
		const all = [`media.applications=${folder}`, ...settings];
		const process = await ServerProcess.start({ args: all.flatMap(setting => ["--set", setting]) });
		return new FileServer(process, folder);
	}

	/** The path of what is recorded of a stream of `live`; the file's name with its extension. */
	recorded(file: string): string {
		return join(this.folder, "live", "streams", "_definst_", file);
	}

	/** Where a file of `vod` is; its name with its extension. */
	media(file: string): string {
		return join(this.folder, "vod", "media", file);
	}

	/** Copies a file into `vod`, as one that was not written just now: such a one is followed for a while. */
	offer(path: string, file: string): string {
		const copy = this.media(file);
		copyFileSync(path, copy);
		utimesSync(copy, 1e9, 1e9);
		return copy;
	}

	/** `kill -9`, and waits until it is gone. */
	async kill(): Promise<void> {
		globalThis.process.kill(this.process.pid, "SIGKILL");
		await this.process.stop();
	}

	stop(): Promise<void> {
		return this.process.stop();
	}
}
