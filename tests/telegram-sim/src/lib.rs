//! Telegram simulator.
