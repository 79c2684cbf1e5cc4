/* Std's code for unwinding names these on PowerPC, where zig's library of it
 * lacks them. A program that aborts on a panic never comes here. */
#ifdef __powerpc__
void _Unwind_GetTextRelBase(void) { __builtin_trap(); }
void _Unwind_GetDataRelBase(void) { __builtin_trap(); }
#endif
