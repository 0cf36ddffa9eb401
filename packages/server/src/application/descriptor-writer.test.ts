import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { DescriptorWriter } from "./descriptor-writer.ts";

it("writes what it is given in its order, small parts and large ones", () => {
	const path = join(tmpdir(), `millrace-descriptor-${process.pid}`);
	const descriptor = openSync(path, "w");
	const writer = new DescriptorWriter(descriptor, () => expect.unreachable());
	writer.write(Buffer.from("a"), Buffer.from("b"));
	writer.write(Buffer.from("c"), Buffer.alloc(100_000, "d"));
	writer.finish();
	closeSync(descriptor);
	expect(readFileSync(path, "latin1")).toBe(`abc${"d".repeat(100_000)}`);
	rmSync(path);
});

it("tells once that nobody reads any more", () => {
	let broken = 0;
	const writer = new DescriptorWriter(9999, () => broken++);
	writer.write(Buffer.from("a"));
	writer.finish();
	expect(broken).toBe(1);
});

it("stands still until a full pipe has taken everything", async () => {
	const module = fileURLToPath(new URL("./descriptor-writer.ts", import.meta.url));
	const program = `
		import { DescriptorWriter } from ${JSON.stringify(module)};
		import { Socket } from "node:net";
		// It does not block from now on.
		new Socket({ fd: 1 });
		const writer = new DescriptorWriter(1, () => process.exit(3));
		for (let i = 0; i < 40; i++) writer.write(Buffer.alloc(100_000, String(i % 10)));
		writer.finish();
		process.exit(0);`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	await new Promise(resolve => child.stdout.once("readable", resolve));
	let length = 0;
	for await (const bytes of child.stdout) length += (bytes as Buffer).length;
	expect(length).toBe(4_000_000);
});
