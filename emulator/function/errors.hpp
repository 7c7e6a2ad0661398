// SPDX-License-Identifier: Apache-2.0
// The errors that this room's functions make: see base/error_row.hpp.
#pragma once

#include "base/error_row.hpp"

namespace lemu::emulator {
namespace function_room {

inline constexpr ErrorRow kErrors[] = {
    // How the function is configured.
    {"function-name-empty", ErrorKind::bad_usage, "the function name is empty", "--name was given nothing.",
     "--name my-function"},
    {"function-name-too-long", ErrorKind::bad_usage,
     "function name '{name}' has {size} characters; Lambda takes up to {most}",
     "The name, or the file's name that stands in for it, is too long.",
     "choose a shorter one (lemu invoke: --name)"},
    {"function-name-characters", ErrorKind::bad_usage,
     "function name '{name}' holds a character that Lambda refuses: a name is made of letters, digits, '-', "
     "'_' and '.'",
     "Lambda's own rule for names.", "for example {legal} (lemu invoke: --name {legal})"},
    {"handler-malformed", ErrorKind::bad_usage,
     "handler '{handler}' is empty or holds a space, which Lambda refuses", "Lambda's own rule for handlers.",
     "--handler {default}"},
    {"handler-too-long", ErrorKind::bad_usage, "the handler has {size} characters; Lambda takes up to {most}",
     "Lambda's own limit.", "choose a shorter one with --handler"},
    {"memory-out-of-range", ErrorKind::bad_usage,
     "a memory size of {size} MB is outside what Lambda offers: 128 to 10240 MB", "Lambda's own limits.",
     "--memory {nearest}"},
    {"tmp-out-of-range", ErrorKind::bad_usage,
     "a /tmp of {size} MB is outside what Lambda offers: 512 to 10240 MB",
     "Lambda's own limits on ephemeral storage.", "--ephemeral-storage {nearest}"},
    {"timeout-zero", ErrorKind::bad_usage, "the timeout must be longer than 0", "--timeout was given zero.",
     "--timeout 3"},
    {"timeout-too-long", ErrorKind::bad_usage, "a timeout of {seconds} s is longer than Lambda's 900 s",
     "Lambda's own limit.", "--timeout 900; --timeout-scale gives an emulated function more time"},
    {"region-malformed", ErrorKind::bad_usage, "'{region}' (from {source}) is not the name of an AWS region",
     "The region goes into the function's ARN, and this one could not be one.", "--region us-east-1"},
    {"account-malformed", ErrorKind::bad_usage, "account id '{id}' is not a number of 12 digits",
     "The account goes into the function's ARN.", "use 12 digits, for example 123456789012"},

    // Its environment variables.
    {"env-file-not-read", ErrorKind::bad_input, "--env-file: {reason}",
     "The file is missing, not yours to read, or far too large.", "check the path"},
    {"env-file-value-without-name", ErrorKind::bad_input, "{place}: a value without a name",
     "A line of the file begins with '='.", "write NAME=value"},
    {"env-file-name-with-blank", ErrorKind::bad_input, "{place}: the name '{name}' holds a blank",
     "A line of the file is no assignment, or holds two.", "write NAME=value, one variable a line"},
    {"env-file-quote-open", ErrorKind::bad_input, "{place}: the quote {quote} is not closed on its line",
     "A value begins with a quote and does not end with it.",
     "close it; a line break inside a value is written \\n in double quotes"},
    {"env-file-text-after-quote", ErrorKind::bad_input, "{place}: text after the closing quote",
     "Only a comment may stand behind a quoted value.", "put the whole value into the quotes"},
    {"env-file-backslash", ErrorKind::bad_input,
     "{place}: a backslash in double quotes that starts none of \\n \\r \\t \\\" \\\\ \\$",
     "Double quotes give the backslash a meaning.", "write \\\\ for a backslash, or use single quotes"},
    {"env-file-nul", ErrorKind::bad_input, "{place}: a NUL byte, which no environment variable can hold",
     "The file is a binary one, or text in UTF-16.",
     "give a text file in UTF-8: iconv -f UTF-16 -t UTF-8 FILE makes one of text in UTF-16"},
    {"env-without-name", ErrorKind::bad_usage, "{text} has no name before its '='",
     "--env takes NAME=VALUE, or a NAME alone.", "--env NAME=VALUE"},
    {"env-not-set", ErrorKind::bad_usage, "--env {name}: {name} is not set in your environment",
     "--env with a name alone takes the value from the environment that lemu was started in.",
     "export {name}, or write --env {name}=VALUE"},
    {"env-json-malformed", ErrorKind::bad_input, "{path}: the JSON of an env file {what}",
     "A JSON file holds objects of variables: {\"Function\": {\"NAME\": \"value\"}}, as sam's --env-vars "
     "takes "
     "it, or one such object alone.",
     "write {\"Parameters\": {\"NAME\": \"value\"}}, or lines of NAME=value"},
    {"env-json-other-functions", ErrorKind::bad_input,
     "{path} has variables for {functions}, and none for the function {name}",
     "The file's objects are named after functions, and this function's name is not among them.",
     "give the function that name with --name, or name the object Parameters: it is for every function"},
    {"variable-reserved", ErrorKind::bad_usage,
     "{origin}: {name} is reserved by Lambda, which refuses a function that sets it",
     "One of Lambda's reserved environment variables is among the function's own.", "{instead}"},
    {"variable-name-malformed", ErrorKind::bad_usage,
     "{origin}: Lambda refuses the variable name '{name}': names must match [a-zA-Z]([a-zA-Z0-9_])+",
     "Lambda's own rule for names of variables.",
     "start it with a letter; then come one or more letters, digits or '_'"},
    {"variables-too-large", ErrorKind::bad_usage,
     "Lambda was unable to configure your environment variables because the environment variables you have "
     "provided "
     "exceeded the 4KB limit. String measured: {measured}",
     "Lambda's own limit and words: all names and values together, as one JSON object.",
     "these are {size} bytes of {limit}; put large values into the package or a parameter store"},

    // Its credentials.
    {"credentials-not-in-environment", ErrorKind::bad_usage,
     "--aws-credentials env: {variable} is not set in your environment",
     "The function was to have the credentials of your shell, which has none.",
     "export it, or use --aws-credentials profile or none"},
    {"credentials-without-home", ErrorKind::bad_usage,
     "--aws-credentials profile: HOME is not set, so ~/.aws/credentials has no place",
     "The shared credentials file is looked for in the home folder.", "set AWS_SHARED_CREDENTIALS_FILE"},
    {"credentials-file-not-read", ErrorKind::bad_usage, "--aws-credentials profile: {reason}",
     "The shared credentials file is missing or not yours to read.",
     "'aws configure' makes the file; AWS_SHARED_CREDENTIALS_FILE names another one"},
    {"credentials-no-profile", ErrorKind::bad_usage,
     "--aws-credentials profile: {path} has no profile {profile}",
     "The shared credentials file has other profiles.", "AWS_PROFILE chooses another profile"},
    {"credentials-from-elsewhere", ErrorKind::bad_usage,
     "--aws-credentials profile: {path}: profile {profile} gets its keys from a role, SSO or a program, "
     "which lemu "
     "does not run",
     "The profile holds no keys, but says how to get them.",
     "eval \"$(aws configure export-credentials --format env)\" and use --aws-credentials env"},
    {"credentials-incomplete", ErrorKind::bad_usage,
     "--aws-credentials profile: {path}: profile {profile} has no {key}",
     "The profile lacks one of its two keys.", "add it, or choose another profile with AWS_PROFILE"},

    // The event.
    {"event-not-opened", ErrorKind::bad_input, "the event: {reason}",
     "EVENT is missing or not yours to read.",
     "EVENT is a file, or '-' for standard input; --data gives the JSON itself"},
    {"event-not-readable", ErrorKind::bad_input, "the event: {reason}", "EVENT is not yours to read.",
     "make it readable: chmod +r {$path}"},
    {"event-is-folder", ErrorKind::bad_input, "the event {name}: {reason}",
     "EVENT is a folder: perhaps TARGET and EVENT are the wrong way round.",
     "name a JSON file: lemu invoke TARGET EVENT, in this order"},
    {"event-not-read", ErrorKind::bad_input, "the event {name}: {reason}",
     "Reading EVENT failed: its disk or network file system has trouble, or standard input is closed.",
     "copy it to a local disk, or give the JSON itself with --data"},
    {"event-too-large", ErrorKind::bad_input,
     "{name} is larger than the {most} bytes that Lambda takes as an event", "Lambda's own limit: 6 MB.",
     "store the data elsewhere and send its address"},
    {"event-empty", ErrorKind::bad_input, "{name} is empty, which is no JSON", "Lambda takes JSON only.",
     "leave the event out to send {}"},
    {"event-is-json", ErrorKind::bad_input, "EVENT is the path of a file, and this is JSON: {start}",
     "The event itself was given where its file's path belongs.",
     "give JSON with --data: lemu invoke TARGET --data {$json}"},
    {"event-path-marked", ErrorKind::bad_input,
     "there is no file '{text}': EVENT is a plain path, without {mark}",
     "Other programs (the AWS CLI, curl) mark the paths of files so.", "lemu invoke TARGET {$path}"},
    {"data-is-path", ErrorKind::bad_input, "--data takes the JSON itself, and '{text}' is the path of a file",
     "Other programs (the AWS CLI, curl) read a file that is named there.",
     "give the file as EVENT: lemu invoke TARGET {$path}"},
    {"event-utf16", ErrorKind::bad_input,
     "{name} is in {encoding}, which has a NUL byte beside each letter; JSON is in UTF-8 (RFC 8259, section "
     "8.1)",
     "An editor, or PowerShell's >, saved the file so.", "iconv -f {encoding} -t UTF-8 FILE > event.json"},
    {"event-byte-order-mark", ErrorKind::bad_input,
     "{name} starts with a byte order mark, which JSON does not have (RFC 8259, section 8.1)",
     "An editor saved the file as UTF-8 with a mark; most runtimes would refuse it.",
     "save it as UTF-8 without the mark: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE"},
    {"json-invalid", ErrorKind::bad_input, "{name} is not valid JSON: {place}: {reason}",
     "Lambda takes JSON only.", "Lambda takes JSON in UTF-8 only"},
    {"client-context-too-large", ErrorKind::bad_input,
     "--client-context has {size} bytes; Lambda takes {most} (3583 in base64)", "Lambda's own limit.",
     "send less, or put it into the event"},
    {"client-context-not-object", ErrorKind::bad_input, "--client-context is not a JSON object",
     "Lambda's client context has named fields.",
     R"(for example --client-context '{"custom":{"key":"value"}}')"},
};

LEMU_ERROR_FUNCTIONS(kErrors)

}  // namespace function_room
using namespace function_room;

}  // namespace lemu::emulator
