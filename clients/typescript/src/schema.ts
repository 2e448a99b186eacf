/** The service's own schemas, made from its OpenAPI document by scripts/generate.mjs: not to be edited. */

export interface components {
    schemas: {
        /**
         * ApprovalRequest
         * @description A tool call that a person is asked about; `tool_call_id` is null where no model wrote such a call.
         */
        ApprovalRequest: {
            tool_call_id: string | null;
            name: string;
            input: unknown;
            allowed: ("approve" | "edit" | "reject" | "respond")[];
        };
        /**
         * ApprovalState
         * @description A question that waits for a person.
         */
        ApprovalState: {
            interrupt_id: string;
            value: unknown;
            requests: components["schemas"]["ApprovalRequest"][];
            response_schema?: {
                [key: string]: unknown;
            };
        };
        /**
         * Blocked
         * @description What kept the event loop from all other runs, by name, and for how long.
         */
        Blocked: {
            name: string;
            ms: number;
        };
        /**
         * ConfigBody
         * @description What LangGraph calls config and context.
         */
        ConfigBody: {
            /**
             * Configurable
             * @description Handed to the chain as its config's `configurable`.
             */
            configurable?: {
                [key: string]: unknown;
            };
            /**
             * Context
             * @description A graph's runtime context, as its context_schema has it.
             */
            context?: {
                [key: string]: unknown;
            } | null;
            /**
             * Recursion Limit
             * @description Steps that a graph may take.
             */
            recursion_limit?: number | null;
        };
        /**
         * DecisionBody
         * @description A person's decision about a tool call, or their answer to a question.
         */
        DecisionBody: {
            /**
             * Type
             * @enum {string}
             */
            type: "approve" | "edit" | "reject" | "respond";
            /**
             * Message
             * @description respond: what the model gets as the tool's result; reject: the reason.
             */
            message?: string | null;
            /**
             * Args
             * @description edit: all arguments of the call that is to run instead.
             */
            args?: {
                [key: string]: unknown;
            } | null;
            /** @description edit, in LangChain's form. */
            edited_action?: components["schemas"]["EditedAction"] | null;
            /**
             * Value
             * @description respond, to a question without requests: what interrupt() returns, any JSON.
             */
            value?: unknown;
        };
        /**
         * DecisionsBody
         * @description One decision for each request of the approval, in their order; one, where it has none.
         */
        DecisionsBody: {
            /** Decisions */
            decisions: components["schemas"]["DecisionBody"][];
        };
        /**
         * EditedAction
         * @description An edited call as LangChain has it.
         */
        EditedAction: {
            /** Name */
            name: string;
            /** Args */
            args: {
                [key: string]: unknown;
            };
        };
        /**
         * MessageState
         * @description A model call's text so far.
         */
        MessageState: {
            message_id: string;
            /** @enum {string} */
            channel: "answer" | "inner";
            text: string;
        };
        /**
         * Problem
         * @description RFC 9457. `code` is for programs, `detail` for people: what was wrong, and what would be right.
         */
        Problem: {
            /** @constant */
            type: "about:blank";
            title: string;
            status: number;
            code: string;
            detail: string;
            request_id: string | null;
            budget?: components["schemas"]["SpentBudget"];
        };
        /**
         * Run
         * @description A run with all that it has done so far. What only an end tells is null until then; `output` is what the
         *     chain returned, or of a run that was cancelled the text so far.
         */
        Run: {
            run_id: string;
            /** @enum {string} */
            status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
            chain: string;
            model: string | null;
            thread_id: string | null;
            parent_run_id: string | null;
            attempt: number;
            /** Format: date-time */
            created_at: string;
            started_at: string | null;
            ended_at: string | null;
            metadata: {
                [key: string]: unknown;
            };
            events_url: string;
            output: unknown;
            error: components["schemas"]["RunFailure"] | null;
            cancel_reason: ("user" | "disconnect" | "timeout" | "budget" | "shutdown") | null;
            finish_reason: ("stop" | "length" | "tool_calls" | "content_filter" | "error") | null;
            usage: components["schemas"]["UsageTotals"] | null;
            messages: components["schemas"]["MessageState"][];
            tools: components["schemas"]["ToolState"][];
            approvals: components["schemas"]["ApprovalState"][];
            blocked: components["schemas"]["Blocked"][];
            ttft_ms: number | null;
            duration_ms: number | null;
        };
        /**
         * RunBody
         * @description A run to start.
         */
        RunBody: {
            /**
             * Chain
             * @description A name that GET /chains lists; without it, the first.
             */
            chain?: string | null;
            /**
             * Input
             * @description Text, {"messages": [{"role": "user", "content": "…"}]}, or what the chain takes.
             * @example What is 37*43, and what time is it in Tokyo?
             */
            input: unknown;
            /**
             * Model
             * @description provider:model; without it, the service's default.
             */
            model?: string | null;
            /**
             * System
             * @description A system message put before the input's.
             */
            system?: string | null;
            /**
             * Params
             * @description For the model: temperature, max_tokens.
             */
            params?: {
                [key: string]: unknown;
            };
            /**
             * Thread Id
             * @description The conversation to go on with, or to begin under this name.
             */
            thread_id?: string | null;
            /**
             * Parent Run Id
             * @description The run of the thread to follow: latest, another for a branch, null for none.
             * @default latest
             */
            parent_run_id?: string | null;
            /**
             * On Busy
             * @description What to do while another run of the thread goes on.
             * @default reject
             * @enum {string}
             */
            on_busy?: "reject" | "wait" | "cancel";
            config?: components["schemas"]["ConfigBody"];
            /**
             * Metadata
             * @description Kept with the run and given back.
             */
            metadata?: {
                [key: string]: unknown;
            };
            /**
             * On Disconnect
             * @description Whether the run goes on when nobody reads it: cancel is the default of /runs/stream and /runs/wait, continue that of /runs.
             */
            on_disconnect?: ("cancel" | "continue") | null;
        };
        /**
         * RunFailure
         * @description Why a run failed, and whose fault it was; if `retryable`, the same request may succeed later.
         */
        RunFailure: {
            code: string;
            message: string;
            /** @enum {string} */
            fault: "client" | "chain" | "tool" | "provider" | "service";
            retryable: boolean;
        };
        /**
         * Snapshot
         * @description What a client shows instead of the events it cannot have.
         */
        Snapshot: {
            messages: components["schemas"]["MessageState"][];
            tools: components["schemas"]["ToolState"][];
            approvals: components["schemas"]["ApprovalState"][];
            /** @enum {string} */
            status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
        };
        /**
         * Source
         * @description A document that a retriever found.
         */
        Source: {
            id: string | null;
            title: string | null;
            url: string | null;
            snippet: string;
            score: number | null;
        };
        /**
         * SpentBudget
         * @description A budget that is used up, and when it begins anew.
         */
        SpentBudget: {
            limit: number;
            used: number;
            /** @enum {string} */
            unit: "USD" | "tokens";
            /** @enum {string} */
            period: "day" | "month";
            /** @enum {string} */
            holder: "key" | "team";
            /** Format: date-time */
            resets_at: string;
        };
        /**
         * ToolFailure
         * @description Why a tool call failed.
         */
        ToolFailure: {
            code: string;
            message: string;
        };
        /**
         * ToolState
         * @description A tool call: as a model wrote it (`message_id`, `args`), as it ran (`input`), and what came of it.
         */
        ToolState: {
            tool_call_id: string;
            name: string;
            /** @enum {string} */
            status: "called" | "running" | "succeeded" | "failed";
            message_id?: string;
            args?: string;
            input?: unknown;
            output?: unknown;
            error?: components["schemas"]["ToolFailure"];
            duration_ms?: number;
        };
        /**
         * UsageTotals
         * @description Tokens of all model calls of a run; `cost_usd` is null where a price is unknown.
         */
        UsageTotals: {
            input_tokens: number;
            output_tokens: number;
            total_tokens: number;
            cached_tokens: number;
            reasoning_tokens: number;
            cost_usd: number | null;
        };
        /**
         * Approval
         * @description A graph waits for a person. `requests` are the tool calls that it asks about, none for a question of a
         *     node; `response_schema`, where the graph gave one, is the JSON Schema of the answer.
         */
        "event.approval": {
            t: number;
            interrupt_id: string;
            value: unknown;
            requests: components["schemas"]["ApprovalRequest"][];
            /** @default null */
            response_schema?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Cancelled
         * @description The run was stopped; `output` is the answer's text so far.
         */
        "event.cancelled": {
            t: number;
            blocked?: components["schemas"]["Blocked"][];
            /** @enum {string} */
            reason: "user" | "disconnect" | "timeout" | "budget" | "shutdown";
            output: string;
            usage: components["schemas"]["UsageTotals"];
            duration_ms: number;
        };
        /**
         * Custom
         * @description A custom event outside any tool.
         */
        "event.custom": {
            t: number;
            name: string;
            data: unknown;
        };
        /**
         * Done
         * @description The run succeeded.
         */
        "event.done": {
            t: number;
            blocked?: components["schemas"]["Blocked"][];
            output: unknown;
            /** @enum {string} */
            finish_reason: "stop" | "length" | "tool_calls" | "content_filter" | "error";
            usage: components["schemas"]["UsageTotals"];
            ttft_ms: number | null;
            duration_ms: number;
        };
        /**
         * RunError
         * @description The run failed; `fault` says whose it was, `retryable` whether the same request may succeed later.
         */
        "event.error": {
            t: number;
            blocked?: components["schemas"]["Blocked"][];
            code: string;
            message: string;
            /** @enum {string} */
            fault: "client" | "chain" | "tool" | "provider" | "service";
            retryable: boolean;
        };
        /**
         * MessageEnd
         * @description A model call is over.
         */
        "event.message_end": {
            t: number;
            message_id: string;
            /** @enum {string} */
            finish_reason: "stop" | "length" | "tool_calls" | "content_filter" | "error";
        };
        /**
         * Partial
         * @description A structured output so far: each has all that the one before it had, and more.
         */
        "event.partial": {
            t: number;
            value: unknown;
        };
        /**
         * Reasoning
         * @description A model's thinking, where the provider sends it.
         */
        "event.reasoning": {
            t: number;
            message_id: string;
            step: string | null;
            text: string;
        };
        /**
         * Restart
         * @description A model call failed in mid-answer and another model begins anew: what was told of the message, which is
         *     over, counts no more. `code` says what happened, `model` to which model, `next_model` which one goes on.
         *
         *     `discard_from` is the `seq` of the message's first event; other messages' events after it still count.
         *     The bridge knows of no `seq`: whoever writes the log fills in that and `attempt`, the log's own.
         */
        "event.restart": {
            t: number;
            /** @default 0 */
            attempt: number;
            /**
             * @default fallback
             * @constant
             */
            reason: "fallback";
            /** @default 0 */
            discard_from: number;
            message_id: string;
            code: string;
            model: string | null;
            next_model: string | null;
        };
        /**
         * RunStarted
         * @description The run began; always a log's first event.
         */
        "event.run": {
            t: number;
            /** @default 1 */
            protocol: number;
            run_id: string;
            chain: string;
            model: string | null;
            thread_id: string | null;
            attempt: number;
            created_at: string;
        };
        /**
         * Sources
         * @description Documents that a retriever found.
         */
        "event.sources": {
            t: number;
            items: components["schemas"]["Source"][];
        };
        /**
         * StepEnd
         * @description A step is over.
         */
        "event.step_end": {
            t: number;
            step: string;
            name: string;
            parent: string | null;
            duration_ms: number;
        };
        /**
         * StepStart
         * @description A graph node or named sub-chain began; `parent` is the step around it.
         */
        "event.step_start": {
            t: number;
            step: string;
            name: string;
            parent: string | null;
        };
        /**
         * Token
         * @description Text from a model.
         */
        "event.token": {
            t: number;
            message_id: string;
            step: string | null;
            /** @enum {string} */
            channel: "answer" | "inner";
            text: string;
        };
        /**
         * ToolCall
         * @description A piece of a call as the model writes it; the `args_delta` of one `index` join to its JSON.
         */
        "event.tool_call": {
            t: number;
            message_id: string;
            step: string | null;
            tool_call_id: string;
            index: number;
            name: string;
            args_delta: string;
        };
        /**
         * ToolEnd
         * @description A tool returned. An output over its bound is cut: then `truncated` is true, `size` its characters, and
         *     `whole`, which does not travel, is the output as it was.
         */
        "event.tool_end": {
            t: number;
            tool_call_id: string;
            name: string;
            output: unknown;
            duration_ms: number;
            /** @default null */
            truncated?: boolean | null;
            /** @default null */
            size?: number | null;
        };
        /**
         * ToolError
         * @description A tool failed, was cancelled, or could not be run.
         */
        "event.tool_error": {
            t: number;
            tool_call_id: string;
            name: string;
            code: string;
            message: string;
            duration_ms: number;
        };
        /**
         * ToolProgress
         * @description A custom event from inside a tool.
         */
        "event.tool_progress": {
            t: number;
            tool_call_id: string;
            name: string;
            data: unknown;
        };
        /**
         * ToolStart
         * @description A tool runs.
         */
        "event.tool_start": {
            t: number;
            tool_call_id: string;
            step: string | null;
            name: string;
            input: unknown;
        };
        /**
         * Usage
         * @description What a model call used, where the provider reports it; `cost_usd` is null where its price is unknown.
         *     Of a call that was cut short, `estimated`, it is one output token for each piece of what came.
         */
        "event.usage": {
            t: number;
            message_id: string;
            model: string | null;
            input_tokens: number;
            output_tokens: number;
            total_tokens: number;
            cached_tokens: number;
            reasoning_tokens: number;
            /** @default null */
            cost_usd: number | null;
            /** @default null */
            estimated?: boolean | null;
        };
        /**
         * GapFields
         * @description A gap's `data`; its cursors are `<attempt>.<seq>`, as `?after=` takes them.
         */
        "frame.gap": {
            reason: string;
            requested: string;
            snapshot: components["schemas"]["Snapshot"];
            as_of: string;
        };
        /**
         * PausedFields
         * @description A pause's `data`: the open interrupts.
         */
        "frame.paused": {
            interrupt_ids: string[];
        };
        /**
         * CancelMessage
         * @description Cancel the chat that runs, or waits for a person.
         */
        "socket.cancel": {
            /** @constant */
            type: "cancel";
        };
        /**
         * ChatMessage
         * @description Start a chat.
         */
        "socket.chat": {
            /** @constant */
            type: "chat";
            message: string;
            /** @default null */
            chain?: string | null;
            /** @default null */
            model?: string | null;
            /** @default null */
            provider?: string | null;
            /**
             * @description The conversation to go on with, or to begin under this name.
             * @default null
             */
            thread_id?: string | null;
            /** @default null */
            idempotency_key?: string | null;
        };
        /**
         * ResumeMessage
         * @description Go on with a run, of this socket or another.
         */
        "socket.resume": {
            /** @constant */
            type: "resume";
            run_id: string;
            /** @default 0 */
            after?: string | number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
