import { readSol, type SolFile, writeSol } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { bytesOf } from "../../packages/core/src/amf/amf-case.ts";
import { SOL_CASES } from "../../packages/core/src/amf/sol-case.ts";
import { encodedOrTooLarge, mustEqual } from "../amf-oracle.ts";
import type { FuzzTarget } from "../fuzz-target.ts";

/** Local shared object files: whatever is read is written and read again to the same. */
export const target: FuzzTarget = {
	name: "sol",
	seeds: () => SOL_CASES.map(each => bytesOf(each.bytes)),
	run(input) {
		let file: SolFile;
		try {
			file = readSol(input);
		} catch (error) {
			if (error instanceof MillraceError) return;
			throw error;
		}
		const values = Object.values(file.data);
		const written = encodedOrTooLarge(values, () => writeSol(file, { avmPlus: true }), true);
		if (written === undefined) return;
		const again = readSol(written);
		if (again.name !== file.name || again.objectEncoding !== file.objectEncoding) throw new Error("The head changed.");
		mustEqual(Object.keys(file.data), Object.keys(again.data));
		// AMF0 writes some of what came as AMF3 in another form.
		if (file.objectEncoding === 3) mustEqual(values, Object.values(again.data));
	},
};
