import { z } from "zod";
import { section } from "./section.ts";

/** Clients that come by explicit edge addresses. */
export const edgeSchema = section(
	"Clients that reach other servers through this one, by addresses such as `rtmp://edge/?rtmp://origin/app`.",
	{
		origins: z
			.array(
				z.string().regex(/^(\*\.)?[^\s:/?#*]+(:\d{1,5})?$|^\[[0-9a-fA-F:.]+\](:\d{1,5})?$/, {
					error: "must be a host with or without a port: origin.example.org, 10.0.0.7:1935, *.example.org",
				}),
			)
			.default([])
			.describe(
				"The servers that may be reached: `origin.example.org`, `10.0.0.7:1935`, `*.example.org`; without a port, at the default port of the address's protocol. Others are refused, and while there are none, all are. A server that lets clients reach any other is an open proxy.",
			),
	},
);
