/** The comments of the protos by the full names of what they describe; values of enums by those of their enums. */
export declare const descriptions: Readonly<Record<string, string>>;
