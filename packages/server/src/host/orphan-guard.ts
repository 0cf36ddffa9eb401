import { type ChildProcess, spawn } from "node:child_process";

/**
 * Reads `+ PID` and `- PID`, and when nothing more can come ends the process groups that are left. A pipe is closed
 * however its writer has ended.
 */
const SCRIPT = `p=" "
while read -r o n; do
	case $o in
		+) p="$p$n " ;;
		-) p="\${p%% $n *} \${p#* $n }" ;;
	esac
done
for n in $p; do kill -s KILL -- "-$n"; done 2>/dev/null`;

/**
 * Ends processes that would outlive this one: an application that loops does not notice that its server was killed. A
 * shell that waits for our end does it, one for all of them, as long as there are any; it takes some 1 MB.
 */
export class OrphanGuard {
	readonly #onTrouble: (error: Error) => void;
	readonly #pids = new Set<number>();
	#shell: ChildProcess | undefined;

	/** `onTrouble` is told that there is no shell: then nobody ends such processes. */
	constructor(onTrouble: (error: Error) => void) {
		this.#onTrouble = onTrouble;
	}

	/** A process, the leader of a process group, that is to end with this one. */
	add(pid: number): void {
		this.#pids.add(pid);
		if (this.#shell === undefined) this.#start();
		else this.#shell.stdin?.write(`+ ${pid}\n`);
	}

	/** The process has ended: its number may be another's soon. */
	remove(pid: number): void {
		if (!this.#pids.delete(pid)) return;
		this.#shell?.stdin?.write(`- ${pid}\n`);
		if (this.#pids.size > 0) return;
		this.#shell?.stdin?.end();
		this.#shell = undefined;
	}

	#start(): void {
		if (process.platform === "win32") return;
		// A session of its own: what is meant for the terminal's programs does not reach it.
		const shell = spawn("/bin/sh", ["-c", SCRIPT], {
			stdio: ["pipe", "ignore", "ignore"],
			env: {},
			cwd: "/",
			detached: true,
		});
		this.#shell = shell;
		// It must not keep this process.
		shell.unref();
		shell.on("error", error => this.#onTrouble(error));
		// It breaks when the shell ends, which is told by `exit`.
		shell.stdin.on("error", () => {});
		shell.on("exit", () => {
			if (this.#shell !== shell) return;
			// Somebody has ended it. The next process brings another.
			this.#shell = undefined;
			this.#onTrouble(new Error("The shell that guards applications has ended."));
		});
		for (const pid of this.#pids) shell.stdin.write(`+ ${pid}\n`);
	}
}
