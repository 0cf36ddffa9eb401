/** `millrace/client`: the client library, for the code of applications, which needs no installation for it. */
export * from "@millrace/client";
