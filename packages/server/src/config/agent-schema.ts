import { z } from "zod";

/** What clients say they are (`flashVer`): a name and a version, `FMLE/3.0`, `WIN 9,0,28,0`. */
const agentSchema = z.string().regex(/^[A-Za-z]{1,16}[/ ]\d{1,5}([.,]\d{1,5}){0,3}$/, {
	error: "must be a name and a version, such as `FMLE/3.0` or `WIN 9,0,28,0`",
});

/** Two versions of one name, and all between them. */
export const agentRangeFields = {
	from: agentSchema.describe("The first version."),
	to: agentSchema.describe("The last version, of the same name."),
};
